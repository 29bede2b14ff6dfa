package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

// search answers with a page of the users that match a filter.
func (t *Tenant) search(c *call, text string) (any, *refusal) {
	f, err := parseFilter(text, t.options.MaxTerms)
	if err != nil {
		return nil, invalid(err.Error())
	}
	now, found := time.Now(), map[string]*record{}
	for _, r := range t.candidates(f) {
		if !now.Before(r.visible) && f.matches(r) {
			found[orderKey(r.Name, r.ID)] = r
		}
	}
	return page(c, found, func(r *record) any { return t.show(c, r) })
}

// candidates returns all users that may match a filter, some twice: those with one of the keys of its first group.
func (t *Tenant) candidates(f filter) []*record {
	if isStatus(f[0][0]) { // which is not in the index
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
		"id": r.ID, "tenantId": t.id, "subject": r.Subject, "name": r.Name, "email": r.Email, "status": r.Status,
		"createdAt": r.CreatedAt.UTC().Format(timeFormat),
		"links":     map[string]any{"self": c.link(usersPath + r.ID)},
	}
	if !t.options.RolesHidden {
		u["assignedRoles"] = t.showRoles(r.Roles)
	}
	fields := strings.Split(c.query.Get("fields"), ",")
	maps.DeleteFunc(u, func(name string, value any) bool {
		return value == "" || c.query.Has("fields") && !slices.Contains(fields, name)
	})
	return u
}

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// orderKey gives the place of a user or a role in a list. Not published: that the order by name ignores case, and what
// orders users of one name, which is the ID here.
func orderKey(name, id string) string { return strings.ToLower(name) + "\x00" + id }

// page answers with one page of items, which are in the order of their keys. The cursor is the key of the last item of
// the page before, so that pages are right whatever changes between them.
func page[T any](c *call, items map[string]T, show func(T) any) (any, *refusal) {
	limit, err := strconv.Atoi(cmp.Or(c.query.Get("limit"), "20"))
	if err != nil || limit < 1 || limit > 100 {
		return nil, invalid("limit must be a number from 1 to 100.")
	}
	data, links, last := []any{}, map[string]any{}, ""
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if key <= c.query.Get("next") {
			continue
		}
		if len(data) == limit {
			query := c.URL.Query()
			query.Set("next", last)
			links["next"] = c.link(c.URL.Path + "?" + query.Encode())
			break
		}
		data, last = append(data, show(items[key])), key
	}
	return map[string]any{"data": data, "links": links}, nil
}

// filter selects the users that have one of the keys of each group.
type filter [][]string

// parseFilter reads a filter of at most maxTerms terms: the part of SCIM's grammar (RFC 7644, section 3.4.2.2) that the
// tool sends.
//
//	filter = terms / "(" terms ")" *("and" "(" terms ")")
//	terms  = term *("or" term)
//	term   = attribute "eq" string
//
// Words are read in any case, and values are compared without case. A string is a JSON string. The attributes are id,
// subject, email and status; terms on the status stand in a group of their own. Not published: which users a filter
// without them finds. Here they are all but the deleted ones.
func parseFilter(text string, maxTerms int) (filter, error) {
	var f filter
	grouped, end := false, 0
	values := quotedForm.FindAllStringIndex(text, -1) // one a term
	for _, at := range values {
		words := wordsOf(text[end:at[0]]) // what leads to the term, its attribute, eq
		n := len(words) - 2
		if n < 0 || words[n+1] != "eq" || !slices.Contains([]string{"id", "subject", "email", "status"}, words[n]) {
			return nil, fmt.Errorf("the filter has %.40q before a string", words)
		}
		var value string
		if err := json.Unmarshal([]byte(text[at[0]:at[1]]), &value); err != nil {
			return nil, fmt.Errorf("the filter has a string that is not JSON: %w", err)
		}
		key, last := indexKey(words[n], value), len(f)-1
		switch lead := strings.Join(words[:n], " "); {
		case f == nil && (lead == "" || lead == "("):
			f, grouped = filter{{key}}, lead == "("
		case f != nil && lead == "or" && isStatus(key) == isStatus(f[last][0]):
			f[last] = append(f[last], key)
		case grouped && lead == ") and (":
			f = append(f, []string{key})
		default:
			return nil, fmt.Errorf("the filter has %.40q before a term", lead)
		}
		end = at[1]
	}
	rest := strings.Join(wordsOf(text[end:]), " ")
	switch {
	case f == nil, grouped && rest != ")", !grouped && rest != "":
		return nil, fmt.Errorf("the filter ends with %.40q", rest)
	case len(values) > maxTerms:
		return nil, fmt.Errorf("the filter is too complex: more than %d terms", maxTerms)
	case !slices.ContainsFunc(f, func(group []string) bool { return isStatus(group[0]) }):
		f = append(f, []string{"status=active", "status=invited", "status=disabled", "status=provisioned"})
	}
	return f, nil
}

// quotedForm matches what may be a JSON string.
var quotedForm = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// wordsOf returns the words of text in lower case; a parenthesis is a word.
func wordsOf(text string) []string {
	spaced := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	return strings.Fields(strings.ToLower(spaced))
}

func isStatus(key string) bool { return strings.HasPrefix(key, "status=") }

// matches reports whether a filter finds a user.
func (f filter) matches(r *record) bool {
	has := func(key string) bool { return key == "status="+r.Status || slices.Contains(r.keys, key) }
	misses := func(group []string) bool { return !slices.ContainsFunc(group, has) }
	return !slices.ContainsFunc(f, misses)
}
