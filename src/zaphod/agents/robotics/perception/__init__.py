"""From pictures to what is known of a scene."""
