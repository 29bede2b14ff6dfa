package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP answers one request. It panics with http.ErrAbortHandler where the client is gone.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, answer, retryAfter := t.answer(newCall(r))
	Hold(r.Context(), t.options.Latency)
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer) // an error means that the client is gone
}

// answer does what a request asks for, and counts it. The answer goes into the body as JSON. retryAfter is in seconds;
// 0 is no such header.
func (t *Tenant) answer(c *call) (status int, answer any, retryAfter int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := endpoints[c.endpoint]
	status = e.success
	ref := t.check(c)
	if ref == nil {
		answer, ref = e.answer(t, c)
	}
	if ref != nil {
		status, answer, retryAfter = ref.status, ref.body(), ref.retryAfter
	}
	t.stats.count(c.endpoint, status)
	return status, answer, retryAfter
}

// maxBody is the largest body that the API accepts, in bytes.
const maxBody = 500_000

// check checks the path, the token, the rate limit and the form of a request, and that the user in the path exists. A
// request for a token has neither a token nor a limit.
func (t *Tenant) check(c *call) *refusal {
	e, found := endpoints[c.endpoint]
	if !found {
		return &refusal{status: 404, code: "HTTP-404", detail: "There is nothing at this path."}
	}
	scoped := true
	if e.tier != noTier {
		tok := t.tokens[c.Header.Get("Authorization")]
		if tok == nil || tok.uses == 0 || !time.Now().Before(tok.expires) {
			return &refusal{status: 401, code: "LOGIN-4", detail: "The bearer token is missing, unknown or expired."}
		}
		tok.uses--
		scoped = tok.scoped
		if seconds := t.limits[e.tier].admit(time.Now()); seconds > 0 {
			return &refusal{status: 429, code: "HTTP-429", retryAfter: seconds,
				detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds)}
		}
	}
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	switch {
	case len(c.body) > maxBody:
		return &refusal{status: 413, code: "HTTP-413", detail: "The body is over 500 kB."}
	case !scoped:
		return &refusal{status: 403, code: "USERS-3", detail: "The scope admin.users or admin_classic is required."}
	case len(c.body) > 0 && (err != nil || media != "application/json"):
		return invalid("The content type must be application/json.")
	case c.id != "" && t.find(c.id) == nil:
		return &refusal{status: 404, code: "USERS-7", detail: "There is no user with this ID."}
	}
	return nil
}

// call is a request, its body read.
type call struct {
	*http.Request
	endpoint Endpoint
	id       string // of the user in the path, who exists where check finds nothing
	body     []byte // maxBody+1 bytes where it is longer than maxBody
	query    url.Values
}

// newCall reads a request. It panics with http.ErrAbortHandler where the client is gone.
func newCall(r *http.Request) *call {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	endpoint, id := EndpointOf(r)
	return &call{Request: r, endpoint: endpoint, id: id, body: body, query: r.URL.Query()}
}

// read decodes the body, which has to be JSON of the form of v.
func (c *call) read(v any) *refusal {
	if err := json.Unmarshal(c.body, v); err != nil {
		return invalid("The body is not what the endpoint takes: " + err.Error())
	}
	return nil
}

// link returns an absolute link to a path on the tenant, under the name that the client used.
func (c *call) link(path string) map[string]string {
	scheme := "http://"
	if c.TLS != nil {
		scheme = "https://"
	}
	return map[string]string{"href": scheme + c.Host + path}
}

// Endpoint is the method and path of a request.
type Endpoint string

// The endpoints of a tenant.
const (
	EndpointToken  Endpoint = "POST /oauth/token"
	EndpointCreate Endpoint = "POST /api/v1/users"
	EndpointPatch  Endpoint = "PATCH /api/v1/users/{id}"
	EndpointDelete Endpoint = "DELETE /api/v1/users/{id}"
	EndpointList   Endpoint = "GET /api/v1/users"
	EndpointFilter Endpoint = "POST /api/v1/users/actions/filter"
	EndpointRoles  Endpoint = "GET /api/v1/roles"
)

// endpoints say whose budget pays for a request, the status of a success, and what answers where check finds nothing.
var endpoints = map[Endpoint]struct {
	tier    tier
	success int
	answer  func(*Tenant, *call) (any, *refusal)
}{
	EndpointToken:  {noTier, 200, (*Tenant).issueToken},
	EndpointCreate: {tier2, 201, (*Tenant).create},
	EndpointPatch:  {tier2, 204, (*Tenant).patch},
	EndpointDelete: {tier2, 204, (*Tenant).delete},
	EndpointList:   {tier1, 200, (*Tenant).list},
	EndpointFilter: {tierFilter, 200, (*Tenant).filter},
	EndpointRoles:  {tier1, 200, (*Tenant).listRoles},
}

// EndpointOf returns the endpoint of a request, and the user's ID where one is in the path.
func EndpointOf(r *http.Request) (e Endpoint, id string) {
	path := r.URL.Path
	if after, found := strings.CutPrefix(path, usersPath); found && after != "" && !strings.Contains(after, "/") {
		path, id = usersPath+"{id}", after
	}
	return Endpoint(r.Method + " " + path), id
}

const usersPath = "/api/v1/users/" // an ID follows

// token is a bearer token that was issued, or the API key.
type token struct {
	expires time.Time
	uses    int  // left
	scoped  bool // for the Users API
}

// issueToken is POST /oauth/token. Not published: the forms of its errors. Here a refused scope gets OAuth's form, and
// everything else Qlik's.
func (t *Tenant) issueToken(c *call) (any, *refusal) {
	var in struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Grant  string `json:"grant_type"`
		Scope  string
	}
	if ref := c.read(&in); ref != nil {
		return nil, ref
	}
	if in.Grant != "client_credentials" {
		return nil, invalid("grant_type must be client_credentials.")
	}
	if in.ID != t.options.ClientID || in.Secret != t.options.ClientSecret {
		return nil, &refusal{status: 401, code: "LOGIN-4", detail: "The client is unknown, or its secret is wrong."}
	}
	scopes := t.options.Scopes
	if asked := strings.Fields(in.Scope); len(asked) > 0 {
		scopes = asked
	}
	for _, s := range scopes {
		if !slices.Contains(t.options.Scopes, s) {
			return nil, &refusal{status: 400, oauth: true, code: "invalid_scope",
				detail: fmt.Sprintf("The client may not ask for %q.", s)}
		}
	}
	bearer := randomHex(32)
	expires := time.Now().Add(t.options.TokenLife)
	scoped := slices.Contains(scopes, "admin.users") || slices.Contains(scopes, "admin_classic")
	t.tokens["Bearer "+bearer] = &token{expires: expires, uses: t.options.TokenUses, scoped: scoped}
	return map[string]any{
		"access_token": bearer,
		"token_type":   "bearer",
		"expires_at":   expires.UTC().Format(timeFormat),
		"expires_in":   int64(t.options.TokenLife / time.Second),
		"scope":        strings.Join(scopes, " "),
	}, nil
}

// refusal is an answer with an error. Not published: codes other than USERS-7 and HTTP-429, and all titles and details
// but those of a 429. A client must not rely on them.
type refusal struct {
	status       int
	code, detail string
	retryAfter   int  // seconds; 0: no such header
	oauth        bool // the body has OAuth's form
}

// invalid is a 400.
func invalid(detail string) *refusal { return &refusal{status: 400, code: "USERS-4", detail: detail} }

func (r *refusal) body() map[string]any {
	if r.oauth {
		return map[string]any{"error": r.code, "error_description": r.detail}
	}
	e := map[string]any{"code": r.code, "title": http.StatusText(r.status), "detail": r.detail, "status": r.status}
	switch r.status {
	case http.StatusUnauthorized:
		e["status"] = strconv.Itoa(r.status) // it has been seen as a number and as text
	case http.StatusTooManyRequests:
		e["title"] = "API rate limit reached."
	}
	return map[string]any{"errors": []any{e}, "traceId": fmt.Sprintf("%032x", rand.Uint64()|1)}
}

// Hold holds an answer back for d. It panics with http.ErrAbortHandler where the client is gone before its end.
func Hold(ctx context.Context, d time.Duration) {
	if d > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	if ctx.Err() != nil {
		panic(http.ErrAbortHandler)
	}
}
