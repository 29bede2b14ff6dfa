package qlik

import (
	"context"
	"net/http"
)

// A Role is a role of the tenant. Names are case-sensitive.
type Role struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Level string `json:"level"` // user or admin; empty where the tenant does not show it
}

// UnmarshalJSON leaves a field of the wrong type empty and reads the others.
func (r *Role) UnmarshalJSON(b []byte) error {
	type fields Role
	var read fields
	err := tolerant(b, &read)
	*r = Role(read)
	return err
}

// ListRoles lists every role of the tenant: Tier 1. Only tenant administrators may: others get an ErrForbidden.
func (c *Client) ListRoles(ctx context.Context) ([]Role, error) {
	r := request{method: http.MethodGet, path: "/api/v1/roles?limit=100", want: http.StatusOK}
	roles, _, err := pages[Role](ctx, c, r)
	return roles, err
}
