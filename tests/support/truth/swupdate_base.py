"""SWUpdate as a daemon that asks hawkBit: signed, never older, always into the copy that is not running."""

SWUPDATE = """\
globals : {
    verbose = false;
    loglevel = 3;
    syslog = true;
    public-key-file = "/etc/swupdate/public.pem";
    no-downgrading = "1.4.0";
    bootloader = "uboot";
    postupdatecmd = "/sbin/reboot";
};

suricatta : {
    tenant = "default";
    url = "https://updates.maker.example";
    polldelay = 3600;
    nocheckcert = false;
    retry = 4;
    retrywait = 200;
    cafile = "/etc/ssl/certs/maker-ca.pem";
    sslkey = "/data/identity/device.key";
    sslcert = "/data/identity/device.pem";
    /* gatewaytoken = "..."; url = "http://10.0.0.5:8080"; */
};
"""

SWUPDATE_START = """\
#!/bin/sh
# The copy that is not running is the one to be written
case "$(sed -n 's/.*firmware.copy=\\([ab]\\).*/\\1/p' /proc/cmdline)" in
a) copy=copy-b ;;
*) copy=copy-a ;;
esac
serial=$(tr -d '\\0' < /proc/device-tree/serial-number)
exec /usr/bin/swupdate -f /etc/swupdate.cfg -e "stable,$copy" -H "$(cat /etc/hwrevision | tr ' ' ':')" -u "-i $serial"
"""

SWUPDATE_UNIT = """\
[Unit]
Description=SWUpdate
After=network-online.target

[Service]
Type=notify
ExecStart=/usr/lib/swupdate/swupdate.sh
KillMode=mixed
ProtectHome=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectSystem=strict
ReadWritePaths=/data/swupdate
PrivateTmp=yes
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @mount @reboot
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_BOOT CAP_DAC_OVERRIDE CAP_CHOWN
MemoryMax=128M
TasksMax=32

[Install]
WantedBy=multi-user.target
"""
