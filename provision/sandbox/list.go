package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// page is what one list request asks for.
type page struct {
	filter *filter
	limit  int
	sort   string // "", "name" or "createdAt", with "-" in front for the other way round
	cursor int    // place in the order of creation of the user next to the page; -1: none
	back   bool   // the page ends before the cursor's user instead of beginning after it
	fields map[string]bool
}

// serveGet is GET /api/v1/users/{id}.
func (t *Tenant) serveGet(c *call, scoped bool) reply {
	if !scoped {
		return t.forbidden()
	}
	t.mu.Lock()
	r := t.dir.byID[fold(c.id)]
	t.mu.Unlock()
	if r == nil || r.ID != c.id {
		return t.refuse(http.StatusNotFound, apiError{Code: "USERS-7", Title: "Not found", Detail: "There is no user with this id."})
	}
	return answerJSON(http.StatusOK, newWireUser(c, r))
}

// serveList is GET /api/v1/users.
func (t *Tenant) serveList(c *call, scoped bool) reply {
	if !scoped {
		return t.forbidden()
	}
	var f *filter
	if c.query.Has("filter") {
		var err error
		if f, err = parseFilter(c.query.Get("filter"), t.o.MaxTerms); err != nil {
			return t.invalidParameter("filter", err.Error())
		}
	}
	return t.servePage(c, f)
}

// serveFilter is POST /api/v1/users/actions/filter.
func (t *Tenant) serveFilter(c *call, scoped bool) reply {
	f, refusal := t.bodyFilter(c, scoped)
	if refusal != nil {
		return *refusal
	}
	if f == nil {
		return t.invalid("/filter", "filter is required.")
	}
	return t.servePage(c, f)
}

// serveCount is POST /api/v1/users/actions/count.
func (t *Tenant) serveCount(c *call, scoped bool) reply {
	f, refusal := t.bodyFilter(c, scoped)
	if refusal != nil {
		return *refusal
	}
	total := 0
	now := t.elapsed()
	for _, r := range t.among(f) {
		if r.visible <= now && (f == nil || f.root.matches(r)) {
			total++
		}
	}
	return answerJSON(http.StatusOK, struct {
		Total int `json:"total"`
	}{total})
}

// bodyFilter reads {"filter": "…"}; without a body or the property it is nil.
func (t *Tenant) bodyFilter(c *call, scoped bool) (*filter, *reply) {
	refuse := func(rep reply) (*filter, *reply) { return nil, &rep }
	text, there, ok := "", false, true
	if len(c.body) > 0 {
		o, isObject := readObject(c.body)
		if !isObject {
			return refuse(t.invalid("", "The body is no JSON object."))
		}
		text, there, ok = o.text("filter")
	}
	if !scoped {
		return refuse(t.forbidden())
	}
	if !ok {
		return refuse(t.invalid("/filter", "filter must be a string."))
	}
	if !there {
		return nil, nil
	}
	f, err := parseFilter(text, t.o.MaxTerms)
	if err != nil {
		return refuse(t.invalid("/filter", err.Error()))
	}
	return f, nil
}

// readPage reads the query; bad is the parameter at fault.
func readPage(query url.Values) (p page, bad, detail string) {
	p = page{limit: 20, cursor: -1}
	if query.Has("limit") {
		n, err := strconv.Atoi(query.Get("limit"))
		if err != nil || n < 1 || n > 100 {
			return p, "limit", "limit must be a number from 1 to 100."
		}
		p.limit = n
	}
	if query.Has("sort") {
		p.sort = strings.TrimLeft(query.Get("sort"), "+ ") // "+name" that nobody escaped comes as " name"
		if name := strings.TrimPrefix(p.sort, "-"); name != "name" && name != "createdAt" {
			return p, "sort", "sort must be name or createdAt, with + or - in front."
		}
	}
	for _, direction := range []string{"next", "prev"} {
		if !query.Has(direction) {
			continue
		}
		seq, ok := readCursor(query.Get(direction))
		if !ok || p.cursor >= 0 {
			return p, direction, "The cursor is not one of ours, or there are two."
		}
		p.cursor, p.back = seq, direction == "prev"
	}
	if query.Has("fields") {
		p.fields = make(map[string]bool)
		for _, name := range strings.Split(query.Get("fields"), ",") {
			p.fields[strings.TrimSpace(name)] = true
		}
	}
	return p, "", ""
}

func writeCursor(seq int) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(seq))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

func readCursor(s string) (seq int, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 12 || crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]) {
		return 0, false
	}
	return int(binary.BigEndian.Uint64(b)), true
}

func (t *Tenant) servePage(c *call, f *filter) reply {
	p, bad, detail := readPage(c.query)
	if bad != "" {
		return t.invalidParameter(bad, detail)
	}
	p.filter = f
	found, before, after := p.pick(t.among(f), t.elapsed())
	var answer struct {
		Data  []*wireUser     `json:"data"`
		Links map[string]link `json:"links"`
	}
	answer.Data = make([]*wireUser, len(found))
	for i, r := range found {
		answer.Data[i] = newWireUser(c, r)
		if p.fields != nil {
			answer.Data[i].only(p.fields)
		}
	}
	answer.Links = map[string]link{"self": {c.href(c.URL.RequestURI())}}
	if after {
		answer.Links["next"] = link{c.page("next", found[len(found)-1].seq)}
	}
	if before {
		answer.Links["prev"] = link{c.page("prev", found[0].seq)}
	}
	return answerJSON(http.StatusOK, answer)
}

// page is the link to the page next to a user: the same query, with the cursor.
func (c *call) page(direction string, seq int) string {
	query := make(url.Values)
	for name, values := range c.query {
		if name != "next" && name != "prev" {
			query[name] = values
		}
	}
	query.Set(direction, writeCursor(seq))
	return c.href(c.URL.Path + "?" + query.Encode())
}

// pick takes a page of those who meet the filter, and says whether there are users before and after it.
func (p *page) pick(among []*record, now time.Duration) (found []*record, before, after bool) {
	meets := func(r *record) bool { return r.visible <= now && (p.filter == nil || p.filter.root.matches(r)) }
	start := 0
	if p.sort == "" {
		start = sort.Search(len(among), func(i int) bool { return among[i].seq > p.cursor })
	} else {
		among = p.sorted(among, meets)
		meets = func(*record) bool { return true }
		if p.cursor >= 0 {
			start = 1 + slices.IndexFunc(among, func(r *record) bool { return r.seq == p.cursor })
		}
	}
	if !p.back {
		for _, r := range among[start:] {
			if meets(r) {
				if len(found) == p.limit {
					after = true
					break
				}
				found = append(found, r)
			}
		}
		return found, p.cursor >= 0 && len(found) > 0, after
	}
	for start--; start >= 0; start-- {
		r := among[start]
		if r.seq == p.cursor || !meets(r) {
			continue
		}
		if len(found) == p.limit {
			before = true
			break
		}
		found = append(found, r)
	}
	slices.Reverse(found)
	return found, before, len(found) > 0
}

func (p *page) sorted(among []*record, meets func(*record) bool) []*record {
	var all []*record
	for _, r := range among {
		if meets(r) {
			all = append(all, r)
		}
	}
	compare := func(a, b *record) int { return cmp.Compare(fold(a.Name), fold(b.Name)) }
	if strings.HasSuffix(p.sort, "createdAt") {
		compare = func(a, b *record) int { return a.CreatedAt.Compare(b.CreatedAt) }
	}
	down := strings.HasPrefix(p.sort, "-")
	slices.SortStableFunc(all, func(a, b *record) int {
		if down {
			a, b = b, a
		}
		return compare(a, b)
	})
	return all
}
