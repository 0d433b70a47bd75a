"""Key Management Service: keys whose material never leaves the deployment, and whose policies say who may use them."""
