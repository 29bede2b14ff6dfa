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
	forms atomic.Pointer[[]string] // all below, the long ones first: a form may be part of another

	mu     sync.Mutex
	own    []string   // guarded by mu: the forms of the credentials
	tokens [][]string // guarded by mu: those of the latest tokens
}

const (
	shortestSecret = 8          // in bytes; a shorter one is not looked for, since it may be part of a word
	hidden         = "(secret)" // replaces a secret
	lastTokens     = 8          // tokens remembered: an answer may show one that was replaced in the meantime
)

func newSecrets(creds Credentials, proxy *url.URL) *secrets {
	s := &secrets{own: append(forms("", creds.APIKey), forms(creds.ClientID, creds.ClientSecret)...)}
	if proxy != nil {
		password, _ := proxy.User.Password()
		s.own = append(s.own, forms(proxy.User.Username(), password)...)
	}
	s.update()
	return s
}

// addToken hides a token.
func (s *secrets) addToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, forms("", token))
	s.tokens = s.tokens[max(0, len(s.tokens)-lastTokens):]
	s.update()
}

// update puts all forms in order. s.mu is held.
func (s *secrets) update() {
	all := slices.Concat(append(s.tokens, s.own)...)
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	s.forms.Store(&all)
}

// forms are the ways in which an answer may show a secret and a Basic authorization with it: as it is, and in base64;
// and each of these in JSON, HTML, a form or a URL. user may be empty.
func forms(user, secret string) (all []string) {
	if len(secret) < shortestSecret {
		return nil
	}
	plain := []string{secret}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} { // padding shows nothing
		plain = append(plain, e.EncodeToString([]byte(secret)), e.EncodeToString([]byte(user+":"+secret)))
	}
	for _, s := range plain {
		inJSON := strings.Trim(quote(s), `"`)
		htmlSafe, _ := json.Marshal(s) // a string always encodes
		all = append(all, s, inJSON, strings.ReplaceAll(inJSON, "/", `\/`), strings.Trim(string(htmlSafe), `"`),
			html.EscapeString(s), url.QueryEscape(s), url.PathEscape(s))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// hide returns answered without the secrets.
func (s *secrets) hide(answered string) string {
	for _, form := range *s.forms.Load() {
		answered = strings.ReplaceAll(answered, form, hidden)
	}
	return answered
}

// oneLine returns at most so many bytes of answered without the secrets, and with spaces for control characters and
// line breaks, so that the tenant's text cannot pass for a line of our own output.
func (s *secrets) oneLine(answered string, most int) string {
	return text.Clip(strings.Map(func(r rune) rune {
		if text.IsControl(r) {
			return ' '
		}
		return r
	}, s.hide(answered)), most)
}

// cause returns err with a text that can be shown: without secrets and control characters, and bounded.
func (s *secrets) cause(err error) error {
	shown := s.oneLine(err.Error(), maxText)
	if shown == err.Error() {
		return err
	}
	return &redactedCause{shown, err}
}

// A redactedCause stands for an error whose text cannot be shown as it is.
type redactedCause struct {
	shown string
	cause error
}

func (r *redactedCause) Error() string { return r.shown }
func (r *redactedCause) Unwrap() error { return r.cause }
