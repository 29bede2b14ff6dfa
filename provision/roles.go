package provision

import "strings"

// A RoleList is a cell with the names of roles, separated by semicolons.
type RoleList []string

// UnmarshalCSV reads names separated by semicolons; empty ones and repeated ones go.
func (l *RoleList) UnmarshalCSV(cell string) error {
	*l = nil
	seen := map[string]bool{}
	for name := range strings.SplitSeq(cell, ";") {
		if name = strings.TrimSpace(name); name != "" && !seen[name] {
			seen[name] = true
			*l = append(*l, name)
		}
	}
	return nil
}

// MarshalCSV writes the names with a semicolon between.
func (l RoleList) MarshalCSV() (string, error) { return strings.Join(l, ";"), nil }
