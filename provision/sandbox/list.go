package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// list is GET /api/v1/users. Without a filter it finds all users but the deleted ones.
func (t *Tenant) list(c *call) (any, *refusal) {
	text := `status eq "active" or status eq "invited" or status eq "disabled" or status eq "provisioned"`
	if c.query.Has("filter") {
		text = c.query.Get("filter")
	}
	return t.search(c, text)
}

// filter is POST /api/v1/users/actions/filter.
func (t *Tenant) filter(c *call) (any, *refusal) {
	var in struct{ Filter string }
	if ref := c.read(&in); ref != nil {
		return nil, ref
	}
	return t.search(c, in.Filter)
}

// search answers with a page of the users that match a filter. Not published: that the order by name ignores case, and
// what orders users of one name, which is the ID here.
func (t *Tenant) search(c *call, text string) (any, *refusal) {
	f, err := parseFilter(text, t.options.MaxTerms)
	if err != nil {
		return nil, invalid(err.Error())
	}
	now := time.Now()
	var found []*record
	for _, r := range t.candidates(f) {
		if !now.Before(r.visible) && f.matches(r) {
			found = append(found, r)
		}
	}
	return page(c, found, func(r *record) string { return orderKey(r.Name, r.ID) },
		func(r *record) any { return t.show(c, r) })
}

// candidates returns all users that may match a filter, some twice: those with one of the keys of its first group.
func (t *Tenant) candidates(f filter) []*record {
	if strings.HasPrefix(f[0][0], "status=") { // which is not in the index
		return t.records
	}
	var found []*record
	for _, key := range f[0] {
		found = append(found, t.index[key]...)
	}
	return found
}

// show returns a user as it is on the wire, with the fields that the query asks for.
func (t *Tenant) show(c *call, r *record) map[string]any {
	u := map[string]any{
		"id": r.ID, "tenantId": t.id, "subject": r.Subject, "status": r.Status,
		"createdAt": r.CreatedAt.UTC().Format(timeFormat),
		"links":     map[string]any{"self": link(c.href(usersPath + "/" + r.ID))},
	}
	if r.Name != "" {
		u["name"] = r.Name
	}
	if r.Email != "" {
		u["email"] = r.Email
	}
	if !t.options.RolesHidden {
		u["assignedRoles"] = t.showRoles(r.Roles)
	}
	if c.query.Has("fields") {
		fields := strings.Split(c.query.Get("fields"), ",")
		for name := range u {
			if !slices.Contains(fields, name) {
				delete(u, name)
			}
		}
	}
	return u
}

func link(href string) map[string]string { return map[string]string{"href": href} }

// orderKey gives the place of a user or a role in a list.
func orderKey(name, id string) string { return strings.ToLower(name) + "\x00" + id }

// page answers with one page of items, each once. The cursor is the key of the last item of the page before, so that
// pages are right whatever changes between them.
func page[T any](c *call, items []T, key func(T) string, show func(T) any) (any, *refusal) {
	limit, err := 20, error(nil)
	if c.query.Has("limit") {
		limit, err = strconv.Atoi(c.query.Get("limit"))
	}
	if err != nil || limit < 1 || limit > 100 {
		return nil, invalid("limit must be a number from 1 to 100.")
	}
	items = slices.DeleteFunc(items, func(item T) bool { return key(item) <= c.query.Get("next") })
	slices.SortFunc(items, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	items = slices.CompactFunc(items, func(a, b T) bool { return key(a) == key(b) })
	links := map[string]any{}
	if len(items) > limit {
		items = items[:limit]
		query := c.URL.Query()
		query.Set("next", key(items[limit-1]))
		links["next"] = link(c.href(c.URL.Path + "?" + query.Encode()))
	}
	data := make([]any, len(items))
	for i, item := range items {
		data[i] = show(item)
	}
	return map[string]any{"data": data, "links": links}, nil
}
