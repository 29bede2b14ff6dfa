package qlik

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// shortest is how many bytes a secret has that is looked for: real ones have several times as many, and a shorter one would stand in ordinary words.
const shortest = 8

// hidden stands where a secret stood.
const hidden = "(secret)"

// lastTokens is how many tokens are remembered: an answer may tell of one that was replaced meanwhile.
const lastTokens = 8

// secrets hides what the client sends to prove who it is, should an answer tell of it: a gateway may show the request that it did not like, and what
// a tenant says goes to people, result files and logs. Its methods may be called at once.
type secrets struct {
	mu     sync.RWMutex
	own    []string   // guarded by mu: the forms of the credentials
	tokens [][]string // guarded by mu: those of the latest tokens
}

func newSecrets(creds Credentials) *secrets {
	return &secrets{own: append(forms(creds.ClientSecret), forms(creds.APIKey)...)}
}

// forms are the ways a secret is written in a request that somebody shows: as it is, in JSON, in a form or URL.
func forms(secret string) []string {
	if len(secret) < shortest {
		return nil
	}
	all := []string{secret, strings.Trim(quote(secret), `"`), url.QueryEscape(secret), url.PathEscape(secret)}
	if b, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(b), `"`))
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the longest first: one may stand in another
	return slices.Compact(all)
}

// token adds a token to what is hidden.
func (s *secrets) token(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, forms(token))
	if len(s.tokens) > lastTokens {
		s.tokens = s.tokens[1:]
	}
}

// hide gives back text without the secrets.
func (s *secrets) hide(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	text = without(text, s.own)
	for _, t := range s.tokens {
		text = without(text, t)
	}
	return text
}

func without(text string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) <= len(text) {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}

// inError hides the secrets in what e says.
func (s *secrets) inError(e *Error) {
	for _, text := range []*string{&e.Code, &e.Title, &e.Detail, &e.TraceID} {
		*text = s.hide(*text)
	}
	if e.Err != nil {
		if said := e.Err.Error(); s.hide(said) != said {
			e.Err = &discreet{s.hide(said), e.Err}
		}
	}
}

// inUser hides the secrets in what the tenant says of a user.
func (s *secrets) inUser(u *User) {
	for _, text := range []*string{&u.ID, &u.Subject, &u.Name, &u.Email, &u.Status} {
		*text = s.hide(*text)
	}
}

// discreet is an error that says less than the one it stands for.
type discreet struct {
	text string
	err  error
}

func (d *discreet) Error() string { return d.text }
func (d *discreet) Unwrap() error { return d.err }
