"""Ways to come by a payload: one a file, named as manifests name it (`Source.kind`)."""
