package sandbox

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// list is GET /api/v1/users.
func (t *Tenant) list(c *call) (reply, *refusal) {
	f := &filter{}
	if c.query.Has("filter") {
		var err error
		if f, err = parseFilter(c.query.Get("filter"), t.options.MaxTerms); err != nil {
			return reply{}, invalidParameter("filter", err.Error())
		}
	}
	return t.find(c, f)
}

// filter is POST /api/v1/users/actions/filter.
func (t *Tenant) filter(c *call) (reply, *refusal) {
	o, ok := readObject(c.body)
	text, isText := o.text("filter")
	if !ok || !isText || o["filter"] == nil {
		return reply{}, invalid("/filter", "The body must be a JSON object with a filter.")
	}
	f, err := parseFilter(text, t.options.MaxTerms)
	if err != nil {
		return reply{}, invalid("/filter", err.Error())
	}
	return t.find(c, f)
}

// find answers with a page of the users that match a filter. Not published: that the order by name ignores case, and
// what orders users of one name, which is the ID here.
func (t *Tenant) find(c *call, f *filter) (reply, *refusal) {
	now := t.elapsed()
	found := slices.DeleteFunc(t.users.candidates(f), func(r *record) bool {
		return r.visible > now || !f.matches(r, t.options.BareFilter)
	})
	return page(c, found, func(r *record) string { return r.key },
		func(r *record) map[string]any { return t.show(c, r) })
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

// page answers with one page of items, which it orders by their keys. A key identifies its item; the cursor is the key
// of the last item of the page before, so pages are right whatever changes between them.
func page[T any](c *call, items []T, key func(T) string, show func(T) map[string]any) (reply, *refusal) {
	limit, after, ref := readPage(c.query)
	if ref != nil {
		return reply{}, ref
	}
	items = slices.DeleteFunc(items, func(item T) bool { return key(item) <= after })
	slices.SortFunc(items, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	links := map[string]any{"self": link(c.href(c.URL.RequestURI()))}
	if len(items) > limit {
		items = items[:limit]
		query := c.query
		query.Set("next", base64.RawURLEncoding.EncodeToString([]byte(key(items[limit-1]))))
		links["next"] = link(c.href(c.URL.Path + "?" + query.Encode()))
	}
	fields := strings.Split(c.query.Get("fields"), ",")
	data := make([]map[string]any, len(items))
	for i, item := range items {
		data[i] = show(item)
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
			return 0, "", invalidParameter("limit", "limit must be a number from 1 to 100.")
		}
	}
	if query.Has("next") {
		cursor, err := base64.RawURLEncoding.DecodeString(query.Get("next"))
		if after = string(cursor); err != nil || !strings.Contains(after, "\x00") {
			return 0, "", invalidParameter("next", "This is not a cursor.")
		}
	}
	return limit, after, nil
}
