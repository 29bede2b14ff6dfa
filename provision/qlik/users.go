package qlik

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// A User as the tenant tells of it.
type User struct {
	ID        string `json:"id"`
	Subject   string `json:"subject"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	Status    string `json:"status"` // active, invited, disabled, …
	CreatedAt Stamp  `json:"createdAt"`
}

// A Stamp is a time as the tenant writes it, zero where it is none: a time that cannot be read must not hide the user's id.
type Stamp struct{ time.Time }

// UnmarshalJSON reads RFC 3339.
func (s *Stamp) UnmarshalJSON(b []byte) error {
	if err := s.Time.UnmarshalJSON(b); err != nil {
		s.Time = time.Time{}
	}
	return nil
}

// A NewUser is what a create sends. Status is active or invited; invited needs an Email.
type NewUser struct {
	Subject string `json:"subject"`
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	Status  string `json:"status"`
}

const usersPath = "/api/v1/users"

// userFields are what a User holds. A whole one also has its roles and groups, of which there may be hundreds.
const userFields = "id,subject,name,email,status,createdAt"

// CreateUser creates a user. It counts against Tier 2. A create succeeded only with 201, an id and the user's own subject
// in the answer; any other 2xx is an ErrGarbled.
func (c *Client) CreateUser(ctx context.Context, u NewUser) (User, error) {
	body, _ := json.Marshal(u) // strings always encode
	created, got, err := do[struct {
		ID      string `json:"id"`
		Subject string `json:"subject"`
	}](ctx, c, request{method: http.MethodPost, url: c.tenant.String() + usersPath, body: body})
	if err != nil {
		return User{}, err
	}
	switch {
	case got.status != http.StatusCreated:
		err = errors.New("a create is answered with 201")
	case created.ID == "":
		err = errors.New("no id in it")
	case !sameSubject(created.Subject, u.Subject):
		err = errors.New("another subject in it")
	}
	if err != nil {
		return User{}, c.garbled(got, err)
	}
	user := User{ID: created.ID, Subject: created.Subject}
	c.secrets.inUser(&user)
	return user, nil
}

// sameSubject reports whether two subjects differ in case and Unicode normalization at most.
func sameSubject(a, b string) bool {
	return a == b || strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b))
}

// Found are the users that a filter found, and when, by the tenant's clock (zero where it did not say).
type Found struct {
	Users []User
	Date  time.Time

	Requests int // how many it took, a page each
}

// ListUsers finds users with GET /users: Tier 1, for a short filter.
func (c *Client) ListUsers(ctx context.Context, filter string) (Found, error) {
	query := url.Values{"limit": {"100"}, "filter": {filter}, "fields": {userFields}}
	return c.pages(ctx, request{method: http.MethodGet, url: c.tenant.String() + usersPath + "?" + query.Encode()})
}

// FilterUsers finds users with POST /users/actions/filter: a budget of its own, and room for 100 terms.
func (c *Client) FilterUsers(ctx context.Context, filter string) (Found, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(struct { // a string always encodes, and a Buffer always writes
		Filter string `json:"filter"`
	}{filter})
	return c.pages(ctx, request{method: http.MethodPost, url: c.tenant.String() + usersPath + "/actions/filter?limit=100&fields=" + userFields, body: body.Bytes()})
}

// maxPages bounds how far a cursor is followed: 100 terms rarely find more users than fit on one page.
const maxPages = 50

func (c *Client) pages(ctx context.Context, r request) (Found, error) {
	type page struct {
		Data  []User `json:"data"`
		Links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		} `json:"links"`
	}
	var found Found
	for range maxPages {
		p, got, err := do[page](ctx, c, r)
		if err != nil {
			return Found{}, err
		}
		if p.Data == nil { // not even an empty list: whoever said that says nothing of users
			return Found{}, c.garbled(got, errors.New("no users in it"))
		}
		for i := range p.Data {
			c.secrets.inUser(&p.Data[i])
		}
		found.Users = append(found.Users, p.Data...)
		found.Date, _ = http.ParseTime(got.date)
		found.Requests++
		if p.Links.Next.Href == "" {
			return found, nil
		}
		if r.url, err = c.tenant.resolve(r.url, p.Links.Next.Href); err != nil {
			return Found{}, c.garbled(got, err)
		}
	}
	return Found{}, &Error{kind: ErrGarbled, Status: http.StatusOK, Err: errors.New("its pages do not end")}
}

// Or joins terms of a filter.
func Or(terms ...string) string { return strings.Join(terms, " or ") }

// SubjectIs is the term that finds a subject. The tenant's eq ignores case: compare what comes back.
func SubjectIs(subject string) string { return "subject eq " + quote(subject) }

// EmailIs is the term that finds an address.
func EmailIs(email string) string { return "email eq " + quote(email) }

// quote makes a string value of SCIM's filter grammar (RFC 7644, 3.4.2.2), which is JSON's: a value stays a value whatever is in it.
func quote(s string) string {
	if plain(s) {
		return `"` + s + `"`
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes, and a Builder always writes
	return strings.TrimSuffix(b.String(), "\n")
}

// plain reports whether JSON writes s as it stands.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func pathOf(rawURL string) string {
	if _, rest, ok := strings.Cut(rawURL, "://"); ok {
		rawURL = rest
	}
	if i := strings.IndexByte(rawURL, '/'); i >= 0 {
		rawURL = rawURL[i:]
	}
	path, _, _ := strings.Cut(rawURL, "?")
	return path
}
