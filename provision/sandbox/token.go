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
	permanent bool // the API key: neither expires nor uses matter
	expires   time.Time
	uses      int // left, where Options.TokenUses limits them
	scoped    bool
}

// authorize spends one use of a bearer token. It reports whether the token is valid, and whether it has a scope for the
// Users API.
func (t *Tenant) authorize(bearer string) (valid, scoped bool) {
	tok := t.tokens[bearer]
	switch {
	case tok == nil:
		return false, false
	case tok.permanent:
		return true, tok.scoped
	case !time.Now().Before(tok.expires), t.options.TokenUses > 0 && tok.uses == 0:
		delete(t.tokens, bearer)
		return false, false
	}
	tok.uses--
	return true, tok.scoped
}

// issueToken is POST /oauth/token.
func (t *Tenant) issueToken(c *call) (reply, *refusal) {
	oauth := func(code, detail string) (reply, *refusal) {
		return reply{}, &refusal{status: http.StatusBadRequest, form: FormOAuth, code: code, detail: detail}
	}
	request, ok := readObject(c.body)
	if !ok || len(c.body) > maxBody || !c.isJSON() {
		return oauth("invalid_request", "The request must be a JSON object of at most 500 kB, with its content type.")
	}
	var id, secret, grant, scope string
	for name, value := range map[string]*string{
		"client_id": &id, "client_secret": &secret, "grant_type": &grant, "scope": &scope,
	} {
		if *value, ok = request.text(name); !ok {
			return oauth("invalid_request", name+" must be a string.")
		}
	}
	if grant != "client_credentials" {
		return oauth("unsupported_grant_type", "grant_type must be client_credentials.")
	}
	if id != t.options.ClientID || secret != t.options.ClientSecret {
		return reply{}, t.options.ClientRefusal.with("invalid_client", "The client is unknown, or its secret is wrong.")
	}
	scopes := t.options.Scopes
	if asked := strings.Fields(scope); len(asked) > 0 {
		scopes = asked
	}
	for _, s := range scopes {
		if !slices.Contains(t.options.Scopes, s) {
			detail := fmt.Sprintf("The client may not ask for %q.", s)
			return reply{}, t.options.ScopeRefusal.with("invalid_scope", detail)
		}
	}
	return t.newToken(scopes), nil
}

// with returns the refusal with an error code of OAuth.
func (r Refusal) with(code, detail string) *refusal {
	if r.Form == FormOAuth {
		return &refusal{status: r.Status, form: FormOAuth, code: code, detail: detail}
	}
	title := map[string]string{"invalid_client": "Invalid client", "invalid_scope": "Invalid scope"}[code]
	return &refusal{status: r.Status, code: "OAUTH-1", title: title, detail: detail}
}

func (t *Tenant) newToken(scopes []string) reply {
	bearer := rand.Text() + rand.Text()
	expires := time.Now().Add(t.options.TokenLife)
	scoped := slices.Contains(scopes, "admin.users") || slices.Contains(scopes, "admin_classic")
	t.tokens[bearer] = &token{expires: expires, uses: t.options.TokenUses, scoped: scoped}
	t.stats.Tokens++
	return jsonReply(http.StatusOK, map[string]any{
		"access_token": bearer,
		"token_type":   "bearer",
		"expires_at":   expires.UTC().Format(timeFormat),
		"expires_in":   int64(t.options.TokenLife / time.Second),
		"scope":        strings.Join(scopes, " "),
	})
}
