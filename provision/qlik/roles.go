package qlik

import (
	"context"
	"net/http"
)

// A Role is a role of the tenant. Names are case-sensitive.
type Role struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Level string `json:"level,omitempty"` // user or admin; empty where the tenant does not show it
}

// ListRoles lists every role of the tenant: Tier 1. Only tenant administrators may: others get an ErrForbidden.
func (c *Client) ListRoles(ctx context.Context) ([]Role, error) {
	r := request{method: http.MethodGet, path: "/api/v1/roles?limit=100", want: http.StatusOK}
	roles, _, err := list[Role](ctx, c, r)
	return roles, err
}
