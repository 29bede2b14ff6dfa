package qlik

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"qlik-provision/provision/text"
)

// secrets removes the client's credentials from what the tenant answers: a gateway or a proxy may show the request that
// it refused, and an answer's text goes to people, result files and logs. It is safe for concurrent use.
type secrets struct {
	replacer atomic.Pointer[strings.Replacer] // of all forms below

	mu     sync.Mutex
	own    []string   // guarded by mu: the forms of the credentials
	tokens [][]string // guarded by mu: those of the latest tokens
}

const (
	shortestSecret = 8          // in bytes; a shorter one is not looked for, since it may be part of a word
	hidden         = "(secret)" // replaces a secret
	lastTokens     = 8          // tokens remembered: an answer may show one that was replaced in the meantime
)

func newSecrets(creds Credentials) *secrets {
	s := &secrets{own: append(forms("", creds.APIKey), forms(creds.ClientID, creds.ClientSecret)...)}
	s.update()
	return s
}

// addProxy hides a proxy's password.
func (s *secrets) addProxy(proxy *url.Userinfo) {
	password, _ := proxy.Password()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = append(s.own, forms(proxy.Username(), password)...)
	s.update()
}

// addToken hides a token.
func (s *secrets) addToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, forms("", token))
	s.tokens = s.tokens[max(0, len(s.tokens)-lastTokens):]
	s.update()
}

// update makes the replacer, which prefers long forms: a form may be part of another. s.mu is held.
func (s *secrets) update() {
	all := slices.Concat(append(s.tokens, s.own)...)
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range all {
		pairs = append(pairs, form, hidden)
	}
	s.replacer.Store(strings.NewReplacer(pairs...))
}

// forms are the ways in which an answer may show a secret and a Basic authorization with it: as it is, and in base64;
// and each of these in JSON, HTML, a form or a URL. user may be empty.
func forms(user, secret string) (all []string) {
	if len(secret) < shortestSecret {
		return nil
	}
	plain := []string{secret}
	for _, e := range []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		plain = append(plain, e.EncodeToString([]byte(secret)), e.EncodeToString([]byte(user+":"+secret)))
	}
	for _, s := range plain {
		inJSON, _ := json.Marshal(s) // a string always encodes
		all = append(all, s, strings.Trim(string(inJSON), `"`), strings.Trim(quote(s), `"`),
			html.EscapeString(s), url.QueryEscape(s), url.PathEscape(s))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// hide returns answered without the secrets.
func (s *secrets) hide(answered string) string { return s.replacer.Load().Replace(answered) }

// Bounds on the tenant's text that an Error keeps, in bytes: a result file may hold one in every row.
const (
	maxName = 200 // Code, TraceID
	maxText = 2000
)

// redacted returns e as an error, without secrets, control characters and text beyond the bounds.
func (s *secrets) redacted(e Error) *Error {
	shown := func(t string, most int) string { return text.Clip(oneLine(s.hide(t)), most) }
	e.Code, e.TraceID = shown(e.Code, maxName), shown(e.TraceID, maxName)
	e.Title, e.Detail = shown(e.Title, maxText), shown(e.Detail, maxText)
	if e.Err != nil {
		message := e.Err.Error()
		if shown := shown(message, maxText); shown != message {
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
