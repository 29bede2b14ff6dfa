package qlik

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"qlik-provision/provision/text"
)

// secrets removes the client's credentials from what the tenant answers: a gateway or a proxy may show the request that
// it refused, and an answer's text goes to people, result files and logs. It is safe for concurrent use, except that
// one token is added at a time.
type secrets struct {
	forms       atomic.Pointer[[]string] // all that are hidden, the long ones first: a form may be part of another
	credentials []string                 // the forms of the credentials
	token       []string                 // those of the current token
}

const (
	shortestSecret = 8          // in bytes; a shorter one is not looked for, since it may be part of a word
	hidden         = "(secret)" // replaces a secret
)

func newSecrets(creds Credentials, proxy *url.URL) *secrets {
	s := &secrets{credentials: append(forms("", creds.APIKey), forms(creds.ClientID, creds.ClientSecret)...)}
	if proxy != nil {
		password, _ := proxy.User.Password()
		s.credentials = append(s.credentials, forms(proxy.User.Username(), password)...)
	}
	s.addToken("")
	return s
}

// addToken hides a token, and still the one before it: an answer may show one that was replaced in the meantime.
func (s *secrets) addToken(token string) {
	before := s.token
	s.token = forms("", token)
	all := slices.Concat(s.credentials, before, s.token)
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	all = slices.Compact(all)
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
	return all
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
