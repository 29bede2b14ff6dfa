package qlik

import (
	"context"
	"encoding/json"
	"net/http"
)

// A Role is a role of the tenant. Names are case-sensitive.
type Role struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Level string `json:"level,omitempty"` // user or admin; empty where the tenant does not show it
}

// RoleNames are roles that a user is created with.
type RoleNames []string

// MarshalJSON returns the form in which the API takes them.
func (names RoleNames) MarshalJSON() ([]byte, error) {
	roles := make([]Role, len(names))
	for i, name := range names {
		roles[i].Name = name
	}
	return json.Marshal(roles)
}

// ListRoles lists every role of the tenant: Tier 1. Only tenant administrators may: others get an ErrForbidden.
func (c *Client) ListRoles(ctx context.Context) ([]Role, error) {
	r := request{method: http.MethodGet, path: "/api/v1/roles?limit=100", want: http.StatusOK}
	roles, _, err := list[Role](ctx, c, r)
	return roles, err
}
