package qlik

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// A User is a user as the tenant describes it: a field that the tenant does not show is empty. To create one, ID and
// CreatedAt are left out, Status is active or invited, invited needs an Email, and a Role needs its name alone.
type User struct {
	ID        string `json:"id,omitempty"`
	Subject   string `json:"subject"`
	Name      string `json:"name,omitempty"`
	Email     string `json:"email,omitempty"`
	Status    string `json:"status"` // active, invited, disabled or provisioned
	CreatedAt string `json:"createdAt,omitempty"`
	Roles     []Role `json:"assignedRoles,omitempty"`
}

// RolesShown reports whether the tenant showed the user's roles, each with its level. Otherwise Roles says nothing
// about whether the user is an administrator.
func (u User) RolesShown() bool {
	return u.Roles != nil && !slices.ContainsFunc(u.Roles, func(r Role) bool { return r.Level == "" })
}

// Created is when the user was created, by the tenant's clock; zero where the tenant does not show it.
func (u User) Created() time.Time {
	at, _ := time.Parse(time.RFC3339, u.CreatedAt)
	return at
}

const usersPath = "/api/v1/users"

// CreateUser creates a user: Tier 2. It succeeded only with status 201, an ID, and the subject that was sent (case and
// Unicode form aside) in the answer; another answer of success is an ErrGarbled.
func (c *Client) CreateUser(ctx context.Context, u User) (User, error) {
	r := request{method: http.MethodPost, path: usersPath, body: u, want: http.StatusCreated}
	answer, err := c.do(ctx, r)
	if err != nil {
		return User{}, err
	}
	var user User
	if err := c.decode(r, answer, &user); err != nil {
		return User{}, err
	}
	switch {
	case user.ID == "":
		return User{}, c.garbled(r, errors.New("there is no user ID in it"))
	case !strings.EqualFold(norm.NFC.String(user.Subject), norm.NFC.String(u.Subject)):
		return User{}, c.garbled(r, errors.New("it is about another subject"))
	}
	return user, nil
}

// A Change is one change of a user, an operation of a JSON Patch. Make one with ReplaceName, ReplaceStatus or AddRole.
type Change struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// ReplaceName gives the user another name.
func ReplaceName(name string) Change { return Change{"replace", "/name", name} }

// ReplaceStatus makes the user active or disabled.
func ReplaceStatus(status string) Change { return Change{"replace", "/status", status} }

// AddRole gives the user one more role.
func AddRole(name string) Change { return Change{"add", "/assignedRoles/-", Role{Name: name}} }

// ChangeUser applies the changes to a user in one request: Tier 2. It succeeded only with status 204; a 207, where only
// a part took effect, is an ErrGarbled. Where there is no such user it is an ErrNotFound.
func (c *Client) ChangeUser(ctx context.Context, id string, changes ...Change) error {
	return c.writeUser(ctx, http.MethodPatch, id, changes)
}

// DeleteUser deletes a user: Tier 2. It succeeded only with status 204. Where there is no such user it is an
// ErrNotFound.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	return c.writeUser(ctx, http.MethodDelete, id, nil)
}

func (c *Client) writeUser(ctx context.Context, method, id string, body any) error {
	if id == "" || id == "." || id == ".." { // would lead to another path
		return &Error{kind: ErrRefused, text: fmt.Sprintf("%q is not a user ID", id)}
	}
	path := usersPath + "/" + url.PathEscape(id)
	_, err := c.do(ctx, request{method: method, path: path, body: body, want: http.StatusNoContent})
	return err
}

// ListUsers finds users with GET /users: Tier 1, for a short filter. Roles are asked for where withRoles is set.
func (c *Client) ListUsers(ctx context.Context, filter string, withRoles bool) ([]User, error) {
	query := url.Values{"limit": {"100"}, "filter": {filter}, "fields": {userFields(withRoles)}}
	r := request{method: http.MethodGet, path: usersPath + "?" + query.Encode(), want: http.StatusOK}
	users, _, err := c.findUsers(ctx, r)
	return users, err
}

// FilterUsers finds users with POST /users/actions/filter, which has a limit of its own, for a filter of up to 100
// terms. Roles are asked for where withRoles is set. It also returns how many requests it sent, one for each page.
func (c *Client) FilterUsers(ctx context.Context, filter string, withRoles bool) ([]User, int, error) {
	path := usersPath + "/actions/filter?limit=100&fields=" + userFields(withRoles)
	body := map[string]string{"filter": filter}
	return c.findUsers(ctx, request{method: http.MethodPost, path: path, body: body, want: http.StatusOK})
}

func (c *Client) findUsers(ctx context.Context, r request) ([]User, int, error) {
	users, pages, err := list[User](ctx, c, r)
	if slices.ContainsFunc(users, func(u User) bool { return u.ID == "" }) {
		return nil, pages, c.garbled(r, errors.New("a user has no ID"))
	}
	return users, pages, err
}

// userFields names what a User holds. Without it the tenant sends much more.
func userFields(withRoles bool) string {
	const fields = "id,subject,name,email,status,createdAt"
	if withRoles {
		return fields + ",assignedRoles"
	}
	return fields
}

// FetchDate sends one GET /users, Tier 1, whose answer brings LastDate.
func (c *Client) FetchDate(ctx context.Context) error {
	r := request{method: http.MethodGet, path: usersPath + "?limit=1&fields=id", want: http.StatusOK}
	_, err := c.do(ctx, r)
	return err
}

// MaxTerms is how many terms fit into one filter, beside the four for the status: an ID, or a subject and an address,
// of each user.
const MaxTerms = 96

// existing is the part of a filter that finds users in any status but deleted. Which statuses a filter without such a
// part finds is not published.
const existing = ` and (status eq "active" or status eq "invited" or status eq "disabled" or status eq "provisioned")`

// UserFilter finds the existing users that have one of the IDs, the subjects or the addresses. Empty values are left
// out: they would match users without an address. Without any value a tenant refuses the filter. The tenant's eq
// ignores case: compare the users that it finds.
func UserFilter(ids, subjects, emails []string) string {
	terms := slices.Concat(terms("id", ids), terms("subject", subjects), terms("email", emails))
	return "(" + strings.Join(terms, " or ") + ")" + existing
}

func terms(attribute string, values []string) []string {
	all := make([]string, 0, len(values))
	for _, value := range values {
		if value != "" {
			all = append(all, attribute+" eq "+quote(value))
		}
	}
	return all
}

// quote returns a string of SCIM's filter grammar (RFC 7644, 3.4.2.2), which is JSON's: no value can change the filter.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes, and a Builder always writes
	return strings.TrimSuffix(b.String(), "\n")
}
