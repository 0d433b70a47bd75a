"""Repository creation templates."""

from entrepot.errors.fact import Fact


class TemplateNotFound(Fact):
    """No template has this prefix."""

    text = "The repository creation template with prefix '{prefix}' does not exist in the registry with id '{account}'"


class TemplateAlreadyExists(Fact):
    """A template has this prefix, with or without the `/` at its end."""

    text = "The repository creation template with prefix '{prefix}' already exists in the registry with id '{account}'"


class TemplateRoleUnusable(Fact):
    """A repository cannot be made of a template whose custom role is gone, or does not let ECR assume it."""

    text = (
        "the repository '{name}' cannot be created from the template with prefix '{prefix}': its custom role {role} "
        "does not exist or cannot be assumed by ecr.amazonaws.com"
    )
