package qlik

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"

	"qlik-provision/provision/text"
)

// secrets removes the client's credentials from what the tenant answers: a gateway or a proxy may show the request that
// it refused, and an answer's text goes to people, result files and logs. It is safe for concurrent use.
type secrets struct {
	mu     sync.RWMutex
	own    []string   // guarded by mu: the forms of the credentials
	tokens [][]string // guarded by mu: those of the latest tokens
}

const (
	shortestSecret = 8          // in bytes; a shorter one is not looked for, since it may be part of a word
	hidden         = "(secret)" // replaces a secret
	lastTokens     = 8          // tokens remembered: an answer may show one that was replaced in the meantime
)

func newSecrets(creds Credentials) *secrets {
	return &secrets{own: longestFirst(append(forms(creds.APIKey), pairForms(creds.ClientID, creds.ClientSecret)...))}
}

// addProxy hides a proxy's password. proxy may be nil.
func (s *secrets) addProxy(proxy *url.URL) {
	if proxy == nil || proxy.User == nil {
		return
	}
	password, _ := proxy.User.Password()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = longestFirst(append(s.own, pairForms(proxy.User.Username(), password)...))
}

// addToken hides a token.
func (s *secrets) addToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, forms(token))
	if len(s.tokens) > lastTokens {
		s.tokens = s.tokens[1:]
	}
}

// forms are the ways in which an answer may show a secret: as it is, and in base64, JSON, HTML, a form or a URL.
func forms(secret string) []string {
	if len(secret) < shortestSecret {
		return nil
	}
	return longestFirst(append(base64Forms(secret), escapedForms(secret)...))
}

// pairForms are the forms of a secret and of a Basic authorization with it.
func pairForms(user, secret string) []string {
	if len(secret) < shortestSecret {
		return nil
	}
	return append(forms(secret), base64Forms(user+":"+secret)...)
}

func base64Forms(s string) (all []string) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		padded := encoding.EncodeToString([]byte(s))
		all = append(append(all, escapedForms(padded)...), escapedForms(strings.TrimRight(padded, "="))...)
	}
	return all
}

func escapedForms(s string) []string {
	all := []string{s, strings.Trim(quote(s), `"`), url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s)}
	if b, err := json.Marshal(s); err == nil {
		all = append(all, strings.Trim(string(b), `"`))
	}
	return all
}

// longestFirst sorts forms and removes repeated ones: a form may be part of another.
func longestFirst(all []string) []string {
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// hide returns answered without the secrets.
func (s *secrets) hide(answered string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	shown := without(answered, s.own)
	for _, t := range s.tokens {
		shown = without(shown, t)
	}
	return shown
}

func without(shown string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) <= len(shown) {
			shown = strings.ReplaceAll(shown, secret, hidden)
		}
	}
	return shown
}

// Bounds on the tenant's text that an Error keeps, in bytes: a result file may hold one in every row.
const (
	maxName = 200 // Code, TraceID
	maxText = 2000
)

// redacted returns e as an error, without secrets, control characters and text beyond the bounds.
func (s *secrets) redacted(e Error) *Error {
	e.Code = text.Clip(oneLine(s.hide(e.Code)), maxName)
	e.TraceID = text.Clip(oneLine(s.hide(e.TraceID)), maxName)
	e.Title = text.Clip(oneLine(s.hide(e.Title)), maxText)
	e.Detail = text.Clip(oneLine(s.hide(e.Detail)), maxText)
	if e.Err != nil {
		message := e.Err.Error()
		if shown := text.Clip(oneLine(s.hide(message)), maxText); shown != message {
			e.Err = &redactedCause{shown, e.Err}
		}
	}
	return &e
}

// redactUser removes the secrets from a user that is being read.
func (s *secrets) redactUser(u *User) {
	for _, field := range []*string{&u.ID, &u.Subject, &u.Name, &u.Email, &u.Status} {
		*field = s.hide(*field)
	}
	for i := range u.Roles {
		s.redactRole(&u.Roles[i])
	}
}

// redactRole removes the secrets from a role that is being read.
func (s *secrets) redactRole(r *Role) {
	r.ID, r.Name, r.Level = s.hide(r.ID), s.hide(r.Name), s.hide(r.Level)
}

// A redactedCause stands for an error whose text cannot be shown as it is.
type redactedCause struct {
	shown string
	cause error
}

func (r *redactedCause) Error() string { return r.shown }
func (r *redactedCause) Unwrap() error { return r.cause }
