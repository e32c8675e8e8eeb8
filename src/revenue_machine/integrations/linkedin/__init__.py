"""LinkedIn through Unipile (https://developer.unipile.com/v2.0): people, invitations, messages; about 200 invitations a week."""
