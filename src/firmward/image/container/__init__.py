"""Formats that carry several payloads, or one behind a header: boot images, update bundles, a vendor's own."""
