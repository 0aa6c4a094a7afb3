"""Who the policy lets log in, and whether the image gives them a way: what makes it safe to close another one.

The policy is the maker's word: where it names accounts at all, those that it does not let log in are not meant to. A
key in the image, a password that could be right, or an authority that signs keys (TrustedUserCAKeys) is a way in.
"""

from firmward.facts.accounts import Accounts
from firmward.facts.authorized_keys import AuthorizedKeys
from firmward.facts.sshd import Case
from firmward.model.facts import Unknown
from firmward.model.policy import Policy

TUNNELS = ("tunnel", "forward", "jump", "proxy", "bastion")
"""In the reason of an account: it is there for what goes through."""


def all_have_keys(policy: Policy | None, keys: AuthorizedKeys | None | Unknown, case: Case | None = None) -> bool:
    """Whether passwords are needed by none of those that are declared."""
    names = _declared(policy)
    return names is not None and all(_has_key(name, keys, case) for name in names)


def root_is_not_needed(
    policy: Policy | None,
    accounts: Accounts | None | Unknown,
    keys: AuthorizedKeys | None | Unknown,
    takes_passwords: bool,
    case: Case | None = None,
) -> bool:
    """Whether others than root are declared, and each has a way in; or nobody is."""
    names = _declared(policy)
    if names is None or "root" in names:
        return False
    return all(_has_key(name, keys, case) or (takes_passwords and _has_password(name, accounts)) for name in names)


def nothing_goes_through(policy: Policy | None) -> bool:
    """Whether the policy declares the network, and nothing in it that needs a forwarded port."""
    if policy is None or not policy.listen or policy.flow:
        return False
    return not any(word in (one.reason or "").lower() for one in policy.account if one.login for word in TUNNELS)


def _declared(policy: Policy | None) -> tuple[str, ...] | None:
    """Who may log in; None where the policy says nothing of accounts."""
    return tuple(one.name for one in policy.account if one.login) if policy is not None and policy.account else None


def _has_key(name: str, keys: AuthorizedKeys | None | Unknown, case: Case | None) -> bool:
    signed = case is not None and any(case.get(word).is_on for word in ("trustedusercakeys", "authorizedkeyscommand"))
    return signed or (isinstance(keys, AuthorizedKeys) and bool(keys.of(name)))


def _has_password(name: str, accounts: Accounts | None | Unknown) -> bool:
    account = accounts.get(name) if isinstance(accounts, Accounts) else None
    return account is not None and account.has_usable_password
