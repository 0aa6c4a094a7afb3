"""A packet filter from what the policy declares, in the language that the image has, loaded before the network.

| module | does |
| --- | --- |
| `rules` | what the policy allows, in words that every filter has |
| `nft`, `iptables`, `uci` | these words in one language each |
| `surroundings` | what of the image the rules depend on: programs, interfaces, DHCP, containers, the kernel |
| `start` | loads the rules at boot, in the way of the init system |
| `tighten` | closes what lets pass the rest in rules of the maker's own |
| `place` | all of it together, and the facts' word that it holds |

What is there is never thrown away. nftables has tables of their own for each who writes rules, and a packet must pass
all of them: ours stands beside the maker's. With iptables and on OpenWrt the maker's rules stay, what lets pass all the
rest in them goes, and only what the policy declares and no rule of theirs accepts is added.

What a policy's words mean here:

- `lan` is whoever has a private or link-local address, or one in a network that the image gives the device itself an
  address in; `wan` is everybody else, `any` all. `bastion` is `lan` too until the maker writes its address: the first
  lines of nftables' file define these, to be edited.
- A zone is its VLAN's interface, under the name that the configuration gives it, and under the usual ones.
- `gateway`, as a destination, is the next device on the way: nftables sends the first packet with no hop left to make.
  iptables and OpenWrt cannot say that, and open the port to any address.
- A name as a destination cannot be a rule, since its addresses change: its port is open to any address, at the rate
  declared, and all other ports stay closed. Who knows the addresses declares them as a CIDR.
"""
