"""What may happen: one module per subject, verbs and rules; no web, no queue, no HTML."""
