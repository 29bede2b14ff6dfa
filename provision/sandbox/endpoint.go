package sandbox

import (
	"net/http"
	"strings"
)

// Endpoint is one of the requests that a tenant takes. The zero value is none of them.
type Endpoint string

// The endpoints.
const (
	EndpointToken  Endpoint = "token"
	EndpointCreate Endpoint = "create"
	EndpointPatch  Endpoint = "patch"
	EndpointDelete Endpoint = "delete"
	EndpointList   Endpoint = "list"
	EndpointFilter Endpoint = "filter"
	EndpointRoles  Endpoint = "roles"
)

// An endpoint says how an Endpoint is reached and answered. The answer is what goes into the body as JSON.
type endpoint struct {
	name    Endpoint
	method  string
	path    string // where it ends in a slash, a user's ID follows
	tier    tier   // whose budget pays for it
	success int
	answer  func(*Tenant, *call) (any, *refusal)
}

const usersPath = "/api/v1/users"

var endpoints = []endpoint{
	{EndpointToken, http.MethodPost, "/oauth/token", noTier, 200, (*Tenant).issueToken},
	{EndpointCreate, http.MethodPost, usersPath, tier2, 201, (*Tenant).create},
	{EndpointPatch, http.MethodPatch, usersPath + "/", tier2, 204, (*Tenant).patch},
	{EndpointDelete, http.MethodDelete, usersPath + "/", tier2, 204, (*Tenant).delete},
	{EndpointList, http.MethodGet, usersPath, tier1, 200, (*Tenant).list},
	{EndpointFilter, http.MethodPost, usersPath + "/actions/filter", tierFilter, 200, (*Tenant).filter},
	{EndpointRoles, http.MethodGet, "/api/v1/roles", tier1, 200, (*Tenant).listRoles},
}

// EndpointOf returns the endpoint of a request, and for a PATCH or DELETE the user's ID.
func EndpointOf(r *http.Request) (name Endpoint, id string) {
	e, id := endpointOf(r)
	return e.name, id
}

func endpointOf(r *http.Request) (e endpoint, id string) {
	for _, e := range endpoints {
		id, found := strings.CutPrefix(r.URL.Path, e.path)
		takesID := strings.HasSuffix(e.path, "/")
		if found && r.Method == e.method && takesID == (id != "") && !strings.Contains(id, "/") {
			return e, id
		}
	}
	return endpoint{}, ""
}
