package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// token is one that was given out and has not been found dead.
type token struct {
	dies   time.Time
	uses   int // left, where the tenant counts them
	scoped bool
}

// mayProvision reports whether one of the scopes opens the users API.
func mayProvision(scopes []string) bool {
	return slices.Contains(scopes, "admin.users") || slices.Contains(scopes, "admin_classic")
}

// authorized looks at a bearer token, and spends one of its uses. alive: it is the API key or a token that lives; scoped: it opens
// the users API.
func (t *Tenant) authorized(bearer string) (alive, scoped bool) {
	if bearer == "" {
		return false, false
	}
	if t.o.APIKey != "" && subtle.ConstantTimeCompare([]byte(bearer), []byte(t.o.APIKey)) == 1 {
		return true, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tok, found := t.tokens[bearer]
	if !found {
		return false, false
	}
	if !time.Now().Before(tok.dies) || t.o.TokenUses > 0 && tok.uses == 0 {
		delete(t.tokens, bearer)
		return false, false
	}
	tok.uses--
	return true, tok.scoped
}

// oauthError is an answer in the words of RFC 6749, section 5.2.
func (t *Tenant) oauthError(code, description string) reply {
	t.mu.Lock()
	t.stats.Invalid++
	t.mu.Unlock()
	return answerJSON(http.StatusBadRequest, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}

// serveToken is POST /oauth/token. The rate limit comes first: there is nobody to count by before the client is known.
func (t *Tenant) serveToken(c *call) reply {
	if seconds := t.admit(tierToken); seconds > 0 {
		return t.tooMany(seconds)
	}
	form, err := tokenForm(c)
	if err != nil {
		return t.oauthError("invalid_request", err.Error())
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return t.oauthError("invalid_request", "grant_type is missing")
	default:
		return t.oauthError("unsupported_grant_type", "")
	}
	id := subtle.ConstantTimeCompare([]byte(form.Get("client_id")), []byte(t.o.ClientID))
	secret := subtle.ConstantTimeCompare([]byte(form.Get("client_secret")), []byte(t.o.ClientSecret))
	if id&secret != 1 {
		return t.refuse(http.StatusUnauthorized, apiError{Code: "OAUTH-1", Title: "Invalid client", Detail: "The client is unknown, or its secret is wrong.", Status: "401"})
	}
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 {
		scopes = t.o.Scopes
	}
	for _, s := range scopes {
		if !slices.Contains(t.o.Scopes, s) {
			return t.oauthError("invalid_scope", fmt.Sprintf("the client may not ask for %q", s))
		}
	}
	return t.giveToken(scopes)
}

func (t *Tenant) giveToken(scopes []string) reply {
	bearer := rand.Text() + rand.Text()
	t.mu.Lock()
	t.tokens[bearer] = &token{dies: time.Now().Add(t.o.TokenLife), uses: t.o.TokenUses, scoped: mayProvision(scopes)}
	t.stats.Tokens++
	t.mu.Unlock()
	rep := answerJSON(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
		Scope       string `json:"scope"`
	}{bearer, "bearer", int64(t.o.TokenLife / time.Second), strings.Join(scopes, " ")})
	rep.header = append(rep.header, "Cache-Control", "no-store")
	return rep
}

// tokenForm reads the body of a token request: JSON, as the official client sends it, or a form, as OAuth has it.
func tokenForm(c *call) (url.Values, error) {
	if len(c.body) > maxBody {
		return nil, fmt.Errorf("the body is larger than 500 kB")
	}
	switch {
	case c.hasKind("application/x-www-form-urlencoded"):
		return url.ParseQuery(string(c.body))
	case c.hasKind("application/json"):
		var properties map[string]any
		if err := json.Unmarshal(c.body, &properties); err != nil {
			return nil, fmt.Errorf("the body is no JSON object")
		}
		form := make(url.Values)
		for name, value := range properties {
			if s, ok := value.(string); ok {
				form.Set(name, s)
			}
		}
		return form, nil
	}
	return nil, fmt.Errorf("the content type must be application/json or a form's")
}
