"""What was decided of vulnerabilities, as others read and write it: CycloneDX, OpenVEX, CSAF. One file a format."""
