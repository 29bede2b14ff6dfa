package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"qlik-provision/provision/qlik"
)

// A RoleList is a cell with the names of roles, separated by semicolons.
type RoleList []string

// UnmarshalCSV reads names separated by semicolons; empty ones and repeated ones go.
func (l *RoleList) UnmarshalCSV(cell string) error {
	*l = nil
	for name := range strings.SplitSeq(cell, ";") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(*l, name) {
			*l = append(*l, name)
		}
	}
	return nil
}

// fetchRoles sets the levels of the tenant's roles, except where the tenant does not list them and admin roles are
// allowed. A role that everybody asks for has to exist.
func (r *Run) fetchRoles(ctx context.Context) error {
	list, err := r.client.ListRoles(ctx)
	switch {
	case errors.Is(err, qlik.ErrForbidden) && r.options.AllowAdminRoles:
		return nil
	case errors.Is(err, qlik.ErrForbidden):
		return fmt.Errorf("%w: listing the roles: %w", ErrRolesHidden, err)
	case err != nil:
		return fmt.Errorf("listing the roles: %w", err)
	}
	r.roleLevels = make(map[string]string, len(list))
	for _, role := range list {
		r.roleLevels[role.Name] = role.Level
	}
	for _, name := range r.options.EveryonesRoles {
		if _, found := r.roleLevels[name]; !found {
			return fmt.Errorf("%w: %s", ErrRole, r.unknownRole(name))
		}
	}
	return nil
}

// rolesOf lists the roles that a row asks for.
func (r *Run) rolesOf(row Row) []string {
	names := slices.Clone(row.Person.Roles)
	for _, name := range r.options.EveryonesRoles {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// checkRoles returns an Invalid result where one of the roles of a row cannot be given, else a zero one.
func (r *Run) checkRoles(row Row) Result {
	for _, name := range r.rolesOf(row) {
		level, found := r.roleLevels[name]
		switch {
		case r.roleLevels == nil:
		case !found:
			return foundResult(Invalid, CodeUnknownRole, qlik.User{}, r.unknownRole(name))
		case !r.options.AllowAdminRoles && !strings.EqualFold(level, "user"):
			return foundResult(Invalid, CodeAdminRole, qlik.User{}, fmt.Sprintf("role %q is of admin level", name))
		}
	}
	return Result{}
}

// unknownRole says that the tenant has no role of that name, and which is the nearest.
func (r *Run) unknownRole(name string) string {
	message := fmt.Sprintf("the tenant has no role %q", name)
	if nearest := Nearest(name, slices.Sorted(maps.Keys(r.roleLevels)), 3); nearest != "" {
		message += fmt.Sprintf("; the nearest is %q", nearest)
	}
	return message
}

// missingRoles lists the roles that a row asks for and its user lacks; none where the tenant does not show them.
func (r *Run) missingRoles(row Row, u qlik.User) []string {
	if u.Roles == nil && !r.options.Update.Roles {
		return nil
	}
	return slices.DeleteFunc(r.rolesOf(row), func(name string) bool {
		return slices.ContainsFunc(u.Roles, func(role qlik.Role) bool { return role.Name == name })
	})
}

// hasAdminRole reports whether one of a user's roles is of admin level.
func hasAdminRole(u qlik.User) bool {
	return slices.ContainsFunc(u.Roles, func(role qlik.Role) bool { return strings.EqualFold(role.Level, "admin") })
}

// hidesRoles reports whether the tenant shows nobody's roles, or not the levels of this user's, and they matter.
func (r *Run) hidesRoles(u qlik.User) bool {
	return r.guardsAdmins && !u.RolesShown() && (!r.lookups.rolesShown || len(u.Roles) > 0)
}

// checkRolesShown returns an error where a user would be changed who may be an administrator.
func (r *Run) checkRolesShown() error {
	isHidden := func(j *job) bool { return j.write.kind == changeWrite && r.hidesRoles(*j.write.user) }
	if slices.ContainsFunc(r.queue.fresh, isHidden) {
		return fmt.Errorf("%w: the tenant does not show the roles of users with their levels", ErrRolesHidden)
	}
	return nil
}

// Nearest returns the first of the words that need the fewest changes to become the one that was typed, of at most so
// many characters inserted, removed or replaced, whatever their case; "" where there is none.
func Nearest(typed string, words []string, most int) (nearest string) {
	for _, word := range words {
		if n := levenshtein.ComputeDistance(strings.ToLower(typed), strings.ToLower(word)); n <= most {
			nearest, most = word, n-1
		}
	}
	return nearest
}
