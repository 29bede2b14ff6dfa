package qlik

import (
	"encoding/json"
	"strings"
)

// How many people or IDs fit into one filter. A filter has 100 terms at most, and four of them are for the status.
const (
	MaxPeople = 48 // with a subject and an address each
	MaxIDs    = 96
)

// existing is the part of a filter that finds users in any status but deleted. Which statuses a filter without such a
// part finds is not published.
const existing = ` and (status eq "active" or status eq "invited" or status eq "disabled" or status eq "provisioned")`

// PeopleFilter finds the existing users that have one of the subjects or one of the addresses. Empty values are left
// out: they would match users without an address. Without any value the filter is empty. The tenant's eq ignores case:
// compare the users that it finds.
func PeopleFilter(subjects, emails []string) string {
	return existingUsers(append(terms("subject", subjects), terms("email", emails)...))
}

// IDFilter finds the existing users that have one of the IDs. Empty values are left out; without any the filter is
// empty.
func IDFilter(ids []string) string { return existingUsers(terms("id", ids)) }

func existingUsers(terms []string) string {
	if len(terms) == 0 {
		return ""
	}
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
