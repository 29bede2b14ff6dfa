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

// EndpointOf returns the endpoint of a request, and for a PATCH or DELETE the user's ID.
func EndpointOf(r *http.Request) (e Endpoint, id string) {
	found, id := routeOf(r)
	return found.endpoint, id
}

const usersPath = "/api/v1/users"

// route is what the method and path of a request say.
type route struct {
	endpoint Endpoint
	tier     tier
}

func routeOf(r *http.Request) (found route, id string) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, usersPath+"/"); ok && rest != "" && !strings.Contains(rest, "/") {
		path, id = usersPath+"/{id}", rest
	}
	switch r.Method + " " + path {
	case "POST /oauth/token":
		return route{EndpointToken, tierToken}, ""
	case "POST " + usersPath:
		return route{EndpointCreate, tier2}, ""
	case "PATCH " + usersPath + "/{id}":
		return route{EndpointPatch, tier2}, id
	case "DELETE " + usersPath + "/{id}":
		return route{EndpointDelete, tier2}, id
	case "GET " + usersPath:
		return route{EndpointList, tier1}, ""
	case "POST " + usersPath + "/actions/filter":
		return route{EndpointFilter, tierFilter}, ""
	case "GET /api/v1/roles":
		return route{EndpointRoles, tier1}, ""
	}
	return route{}, ""
}
