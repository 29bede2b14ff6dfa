package qlik

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

const odd = `s"\/<&>+%41 secret ü`

func TestSecretIsHiddenInEveryForm(t *testing.T) {
	const key = "eyJ0.key+/="
	creds := Credentials{ClientID: "the-client", ClientSecret: odd, APIKey: key}
	s := newSecrets(creds, &url.URL{User: url.UserPassword("proxy-user", "proxy-password")})
	s.addToken("a token to be hidden")
	body, err := json.Marshal(map[string]string{"client_secret": odd})
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(e *base64.Encoding, s string) string { return e.EncodeToString([]byte(s)) }
	pair, proxy := "the-client:"+odd, "proxy-user:proxy-password"
	for _, text := range []string{
		odd, "before" + odd + "after", odd + odd, string(body), quote(odd), url.QueryEscape(odd), url.PathEscape(odd),
		"secret=" + url.QueryEscape(odd) + "&x=y", "<p>" + html.EscapeString(odd) + "</p>",
		"Authorization: Bearer " + key, "Bearer a token to be hidden, a token to be hidden", "proxy-password",
		encoded(base64.StdEncoding, odd), encoded(base64.RawStdEncoding, odd), encoded(base64.URLEncoding, key),
		"Basic " + encoded(base64.StdEncoding, pair), "Basic " + encoded(base64.RawURLEncoding, pair) + ".",
		url.QueryEscape(encoded(base64.StdEncoding, pair)), encoded(base64.StdEncoding, "a token to be hidden"),
		"Proxy-Authorization: Basic " + encoded(base64.StdEncoding, proxy),
	} {
		got := s.hide(text)
		for _, part := range []string{
			" secret ", "eyJ0", "token to", "%41", "proxy-p", encoded(base64.StdEncoding, odd)[4:12],
			encoded(base64.StdEncoding, pair)[4:12], encoded(base64.StdEncoding, pair)[20:28],
			encoded(base64.StdEncoding, proxy)[4:20],
		} {
			if strings.Contains(got, part) || !strings.Contains(got, hidden) {
				t.Errorf("%q is shown as %q", text, got)
			}
		}
	}
	for _, text := range []string{"", "the-client", "nothing to hide", "eyJ0", encoded(base64.StdEncoding, "x")} {
		if got := s.hide(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}

func TestPasswordOfTheProxyIsHidden(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://me:pr0xy-password@proxy.example.com:8080")
	client := New(tenantAt(t, "https://acme.eu.qlikcloud.com"), Options{})
	if got := client.secrets.hide("407 for me:pr0xy-password"); strings.Contains(got, "pr0xy") {
		t.Error(got)
	}
}

func TestSecretIsHiddenInUsersAndRoles(t *testing.T) {
	const key = "key-0123456789" // of always
	role := fmt.Sprintf(`{"id":%q,"name":%[1]q,"level":%[1]q}`, key)
	user := fmt.Sprintf(`"subject":%q,"name":%[1]q,"email":%[1]q,"status":%[1]q,"assignedRoles":[%s]`, key, role)
	_, c := always(t, 200, fmt.Sprintf(`{"data":[{"id":%q,%s}]}`, key, user))
	found, err := c.ListUsers(t.Context(), UserFilter([]string{"u1"}, nil, nil), true)
	if text := fmt.Sprintf("%+v", found); err != nil || len(found) != 1 || strings.Contains(text, key) {
		t.Errorf("%v, %s", err, text)
	}
	_, c = always(t, 200, `{"data":[`+role+`]}`)
	roles, err := c.ListRoles(t.Context())
	if text := fmt.Sprintf("%+v", roles); err != nil || len(roles) != 1 || strings.Contains(text, key) {
		t.Errorf("%v, %s", err, text)
	}
}

func TestShortSecretIsNotRemovedFromWords(t *testing.T) {
	s := newSecrets(Credentials{ClientSecret: "right"}, nil)
	if got := s.hide("not the right one"); got != "not the right one" {
		t.Error(got)
	}
}

func TestLatestTokensAreHidden(t *testing.T) {
	s := newSecrets(Credentials{}, nil)
	for i := range 100 {
		s.addToken(fmt.Sprintf("token-number-%03d", i))
	}
	if got := s.hide("token-number-099 token-number-098"); strings.Contains(got, "number") {
		t.Error(got)
	}
	if n := len(*s.forms.Load()); n > 20 {
		t.Errorf("%d forms are kept", n)
	}
}

func TestRedactedErrorKeepsItsKindAndCause(t *testing.T) {
	cause := errors.New("malformed: key-0123456789")
	s, c := always(t, 400, `{"errors":[{"code":"key-0123456789","title":"key-0123456789","detail":"x key-0123456789"}],`+
		`"traceId":"key-0123456789"}`)
	refused := c.FetchDate(t.Context())
	s.err = cause
	lost := c.FetchDate(t.Context())
	for _, err := range []error{refused, lost} {
		e, ok := errors.AsType[*Error](err)
		if !ok || strings.Contains(fmt.Sprint(e, e.Code, e.TraceID), "key-0123456789") {
			t.Error(err)
		}
	}
	if !errors.Is(refused, ErrRefused) || !errors.Is(lost, ErrNoAnswer) || !errors.Is(lost, cause) {
		t.Error("a kind or a cause is lost")
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	c := Credentials{ClientID: "me", ClientSecret: "MARKED", APIKey: "MARKED"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format, c); strings.Contains(text, "MARKED") {
			t.Errorf("%s: %s", format, text)
		}
	}
}

func FuzzHide(f *testing.F) {
	f.Add("before "+odd+" after", odd)
	f.Add(`{"client_secret":"s\"\\\/"}`, `s"\/1234`)
	f.Add("\xff\xfe12345678\xff", "12345678")
	f.Fuzz(func(t *testing.T, text, secret string) {
		s := newSecrets(Credentials{ClientSecret: secret}, nil)
		if len(secret) < shortestSecret || strings.Contains(secret, "(") || strings.Contains(secret, ")") {
			t.Skip() // the replacement may contain it
		}
		for _, text := range []string{text, text + secret, secret + text, text + secret + text + secret} {
			if got := s.hide(text); strings.Contains(got, secret) {
				t.Errorf("%q with %q is shown as %q", text, secret, got)
			}
		}
	})
}

func TestErrorTextIsBounded(t *testing.T) {
	long := strings.Repeat("ü", 30_000)
	body := fmt.Sprintf(`{"errors":[{"code":%q,"title":%[1]q,"detail":%[1]q}],"traceId":%[1]q}`, long)
	e := refusal(request{}, 400, []byte(body))
	if len(e.Code) > maxName || len(e.TraceID) > maxName || len(e.Error()) > maxText {
		t.Errorf("%d %d %d bytes", len(e.Code), len(e.TraceID), len(e.Error()))
	}
	if !utf8.ValidString(e.Error()) || !strings.HasPrefix(e.Error(), "ü") {
		t.Error("a character was cut")
	}
}
