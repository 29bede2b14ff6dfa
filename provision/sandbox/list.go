package sandbox

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// list is GET /api/v1/users.
func (t *Tenant) list(c *call) (reply, *refusal) {
	if !c.query.Has("filter") {
		return t.find(c, filter{})
	}
	return t.search(c, c.query.Get("filter"))
}

// filter is POST /api/v1/users/actions/filter.
func (t *Tenant) filter(c *call) (reply, *refusal) {
	o, ok := readObject(c.body)
	text, isText := o.text("filter")
	if !ok || !isText || !o.has("filter") {
		return reply{}, invalid("The body must be a JSON object with a filter.")
	}
	return t.search(c, text)
}

func (t *Tenant) search(c *call, text string) (reply, *refusal) {
	f, err := parseFilter(text, t.options.MaxTerms)
	if err != nil {
		return reply{}, invalid(err.Error())
	}
	return t.find(c, f)
}

// find answers with a page of the users that match a filter. Not published: that the order by name ignores case, and
// what orders users of one name, which is the ID here.
func (t *Tenant) find(c *call, f filter) (reply, *refusal) {
	now := time.Now()
	var found []item
	for _, r := range t.users.candidates(f) {
		if !now.Before(r.visible) && f.matches(r, t.options.BareFilter) {
			found = append(found, item{
				key: fold(r.Name) + "\x00" + r.ID, show: func() map[string]any { return t.show(c, r) },
			})
		}
	}
	return page(c, found)
}

// show returns a user as it is on the wire, with all of its fields.
func (t *Tenant) show(c *call, r *record) map[string]any {
	u := map[string]any{
		"id": r.ID, "tenantId": t.tenantID, "subject": r.Subject, "status": r.Status,
		"createdAt": r.CreatedAt.UTC().Format(timeFormat),
		"links":     map[string]any{"self": link(c.href(usersPath + "/" + r.ID))},
	}
	if r.Name != "" {
		u["name"] = r.Name
	}
	if r.Email != "" {
		u["email"] = r.Email
	}
	if t.options.UserRoles != RolesHidden {
		u["assignedRoles"] = t.showRoles(r.Roles)
	}
	return u
}

func link(href string) map[string]string { return map[string]string{"href": href} }

// item is a user or a role in a list. Its key identifies it and gives its place.
type item struct {
	key  string
	show func() map[string]any
}

// page answers with one page of items. The cursor is the key of the last item of the page before, so that pages are
// right whatever changes between them.
func page(c *call, items []item) (reply, *refusal) {
	limit, after, ref := readPage(c.query)
	if ref != nil {
		return reply{}, ref
	}
	items = slices.DeleteFunc(items, func(i item) bool { return i.key <= after })
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.key, b.key) })
	links := map[string]any{}
	if len(items) > limit {
		items = items[:limit]
		query := c.query
		query.Set("next", base64.RawURLEncoding.EncodeToString([]byte(items[limit-1].key)))
		links["next"] = link(c.href(c.URL.Path + "?" + query.Encode()))
	}
	fields := strings.Split(c.query.Get("fields"), ",")
	data := make([]map[string]any, len(items))
	for i, item := range items {
		data[i] = item.show()
		for name := range data[i] {
			if c.query.Has("fields") && !slices.Contains(fields, name) {
				delete(data[i], name)
			}
		}
	}
	return jsonReply(http.StatusOK, map[string]any{"data": data, "links": links}), nil
}

// readPage reads the limit and the cursor.
func readPage(query url.Values) (limit int, after string, ref *refusal) {
	limit = 20
	if query.Has("limit") {
		var err error
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil || limit < 1 || limit > 100 {
			return 0, "", invalid("limit must be a number from 1 to 100.")
		}
	}
	cursor, err := base64.RawURLEncoding.DecodeString(query.Get("next"))
	if err != nil {
		return 0, "", invalid("next is not a cursor.")
	}
	return limit, string(cursor), nil
}
