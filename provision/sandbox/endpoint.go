package sandbox

import (
	"net/http"
	"strings"
)

// Endpoint is one of the requests that a tenant takes. The zero value is none of them.
type Endpoint string

// The endpoints.
const (
	EndpointToken  Endpoint = "token"  // POST /oauth/token
	EndpointCreate Endpoint = "create" // POST /api/v1/users
	EndpointPatch  Endpoint = "patch"  // PATCH /api/v1/users/{id}
	EndpointDelete Endpoint = "delete" // DELETE /api/v1/users/{id}
	EndpointList   Endpoint = "list"   // GET /api/v1/users
	EndpointFilter Endpoint = "filter" // POST /api/v1/users/actions/filter
	EndpointRoles  Endpoint = "roles"  // GET /api/v1/roles
)

const usersPath = "/api/v1/users"

// EndpointOf returns the endpoint of a request, and for a PATCH or DELETE the user's ID.
func EndpointOf(r *http.Request) (e Endpoint, id string) {
	switch r.Method + " " + r.URL.Path {
	case "POST /oauth/token":
		return EndpointToken, ""
	case "POST " + usersPath:
		return EndpointCreate, ""
	case "GET " + usersPath:
		return EndpointList, ""
	case "POST " + usersPath + "/actions/filter":
		return EndpointFilter, ""
	case "GET /api/v1/roles":
		return EndpointRoles, ""
	}
	id, ok := strings.CutPrefix(r.URL.Path, usersPath+"/")
	switch {
	case !ok || id == "" || strings.Contains(id, "/"):
	case r.Method == http.MethodPatch:
		return EndpointPatch, id
	case r.Method == http.MethodDelete:
		return EndpointDelete, id
	}
	return "", ""
}

// tier returns the tier whose budget pays for an endpoint.
func (e Endpoint) tier() tier {
	switch e {
	case EndpointCreate, EndpointPatch, EndpointDelete:
		return tier2
	case EndpointFilter:
		return tierFilter
	case EndpointList, EndpointRoles:
		return tier1
	}
	return noTier
}
