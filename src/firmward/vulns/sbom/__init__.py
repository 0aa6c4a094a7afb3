"""Bills of materials: CycloneDX and SPDX, written and read. One file writes a format, one reads it."""
