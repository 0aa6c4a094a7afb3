"""What is inside an image and what is known about it: SBOM, vulnerabilities, VEX. Host only."""
