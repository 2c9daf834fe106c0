"""What is said in one place and needed in others: manifests, the Helm chart, the image."""
