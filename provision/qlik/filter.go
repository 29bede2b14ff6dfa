package qlik

import (
	"encoding/json"
	"slices"
	"strings"
)

// MaxTerms is how many terms fit into one filter, beside the four for the status: an ID, or a subject and an address,
// of each user.
const MaxTerms = 96

// existing is the part of a filter that finds users in any status but deleted. Which statuses a filter without such a
// part finds is not published.
const existing = ` and (status eq "active" or status eq "invited" or status eq "disabled" or status eq "provisioned")`

// UserFilter finds the existing users that have one of the IDs, the subjects or the addresses. Empty values are left
// out: they would match users without an address. Without any value the filter is empty. The tenant's eq ignores case:
// compare the users that it finds.
func UserFilter(ids, subjects, emails []string) string {
	terms := slices.Concat(terms("id", ids), terms("subject", subjects), terms("email", emails))
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
