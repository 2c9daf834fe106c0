"""What is declared in one place and needed in others: manifests, the Helm chart, the image."""
