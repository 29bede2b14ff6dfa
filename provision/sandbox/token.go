package sandbox

import (
	"crypto/rand"
	"fmt"
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

// authorize spends one use of a token. It reports whether the token is valid, and whether it has a scope for the
// Users API.
func (t *Tenant) authorize(authorization string) (valid, scoped bool) {
	tok := t.tokens[authorization]
	if tok == nil || tok.uses == 0 || !time.Now().Before(tok.expires) {
		return false, false
	}
	tok.uses--
	return true, tok.scoped
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
	bearer := rand.Text() + rand.Text()
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
