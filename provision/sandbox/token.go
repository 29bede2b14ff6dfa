package sandbox

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// token is a bearer token that was issued, or the API key.
type token struct {
	expires time.Time
	uses    int // left; below zero: without a limit
	scoped  bool
}

// authorize spends one use of a bearer token. It reports whether the token is valid, and whether it has a scope for the
// Users API.
func (t *Tenant) authorize(bearer string) (valid, scoped bool) {
	tok := t.tokens[bearer]
	if tok == nil || tok.uses == 0 || !time.Now().Before(tok.expires) {
		return false, false
	}
	tok.uses--
	return true, tok.scoped
}

// issueToken is POST /oauth/token. Not published: the forms of its errors. Here a wrong client gets Qlik's form, and
// everything else OAuth's.
func (t *Tenant) issueToken(c *call) (any, *refusal) {
	oauth := func(code, detail string) (any, *refusal) {
		return nil, &refusal{status: http.StatusBadRequest, oauth: true, code: code, detail: detail}
	}
	request := c.object()
	if request == nil || len(c.body) > maxBody || !c.isJSON() {
		return oauth("invalid_request", "The request must be a JSON object of at most 500 kB, with its content type.")
	}
	var id, secret, grant, scope string
	if ref := request.read(map[string]*string{
		"client_id": &id, "client_secret": &secret, "grant_type": &grant, "scope": &scope,
	}); ref != nil {
		return oauth("invalid_request", ref.detail)
	}
	if grant != "client_credentials" {
		return oauth("unsupported_grant_type", "grant_type must be client_credentials.")
	}
	if id != t.options.ClientID || secret != t.options.ClientSecret {
		return nil, &refusal{status: 401, code: "LOGIN-4", detail: "The client is unknown, or its secret is wrong."}
	}
	scopes := t.options.Scopes
	if asked := strings.Fields(scope); len(asked) > 0 {
		scopes = asked
	}
	for _, s := range scopes {
		if !slices.Contains(t.options.Scopes, s) {
			return oauth("invalid_scope", fmt.Sprintf("The client may not ask for %q.", s))
		}
	}
	bearer := rand.Text() + rand.Text()
	expires := time.Now().Add(t.options.TokenLife)
	scoped := slices.Contains(scopes, "admin.users") || slices.Contains(scopes, "admin_classic")
	t.tokens[bearer] = &token{expires: expires, uses: t.options.TokenUses, scoped: scoped}
	return map[string]any{
		"access_token": bearer,
		"token_type":   "bearer",
		"expires_at":   expires.UTC().Format(timeFormat),
		"expires_in":   int64(t.options.TokenLife / time.Second),
		"scope":        strings.Join(scopes, " "),
	}, nil
}
