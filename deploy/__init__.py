"""What Kubernetes and Helm need in a form of their own, made from what the project has once."""
