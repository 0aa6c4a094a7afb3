"""What the checks of doors (telnet, FTP, rsh, shells on ports) share."""
