"""How checks tell what is known of a component's vulnerabilities."""
