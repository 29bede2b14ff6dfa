package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// MarshalCSV writes the names with a semicolon between.
func (l RoleList) MarshalCSV() (string, error) { return strings.Join(l, ";"), nil }

// roles is what a run knows of the tenant's roles. It is set before the first lookup and does not change.
type roles struct {
	asked  bool              // rows ask for roles
	levels map[string]string // by name; nil: not known
}

// checkRoles fetches the tenant's roles where rows ask for some, finishes the rows that ask for roles which cannot be
// given, and returns the others. Rows with an unconfirmed create are looked up first.
func (r *Run) checkRoles(ctx context.Context, rows []Row) ([]Row, error) {
	asked := func(row Row) bool { return len(r.rolesOf(row)) > 0 }
	if r.options.Task != Create || !slices.ContainsFunc(rows, asked) {
		return rows, nil
	}
	levels, err := r.fetchRoles(ctx)
	if err != nil {
		return nil, err
	}
	r.roles = roles{levels: levels, asked: true}
	for _, name := range r.options.EveryonesRoles {
		if unknown := r.unknownRole(name); unknown != nil {
			return nil, fmt.Errorf("%w: %w", ErrRole, unknown)
		}
	}
	var left []Row
	for _, row := range rows {
		res, invalid := r.checkRole(row)
		if !invalid || row.LookupOnly || !row.SentAt.IsZero() {
			left = append(left, row)
			continue
		}
		if err := r.finish(&job{row: row}, res, nil); err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.counts.toLookUp--
		r.mu.Unlock()
	}
	return left, nil
}

// fetchRoles returns the levels of the tenant's roles by name; nil where the tenant does not list them.
func (r *Run) fetchRoles(ctx context.Context) (levels map[string]string, err error) {
	var list []qlik.Role
	err = r.ask(ctx, func() (n int, err error) {
		list, err = r.client.ListRoles(ctx)
		return 1, err
	})
	switch {
	case err == nil:
	case errors.Is(err, qlik.ErrForbidden) && r.options.AllowAdminRoles:
		r.options.Notify("The tenant does not list its roles to this client: names of roles are not checked.")
		return nil, nil
	case errors.Is(err, qlik.ErrForbidden):
		return nil, fmt.Errorf("%w: listing the roles: %w", ErrRolesHidden, err)
	default:
		return nil, fmt.Errorf("listing the roles: %w", err)
	}
	levels = make(map[string]string, len(list))
	for _, role := range list {
		levels[role.Name] = role.Level
	}
	return levels, nil
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

// checkRole returns an Invalid result where one of the roles of a row cannot be given.
func (r *Run) checkRole(row Row) (res Result, invalid bool) {
	for _, name := range r.rolesOf(row) {
		if unknown := r.unknownRole(name); unknown != nil {
			return foundResult(Invalid, CodeUnknownRole, qlik.User{}, unknown.Error()), true
		}
		if r.roles.levels != nil && !r.options.AllowAdminRoles && !strings.EqualFold(r.roles.levels[name], "user") {
			return foundResult(Invalid, CodeAdminRole, qlik.User{}, fmt.Sprintf("role %q is of admin level", name)), true
		}
	}
	return Result{}, false
}

// unknownRole is the error of a name that no role of the tenant has; nil where one has it, or the tenant shows none.
func (r *Run) unknownRole(name string) error {
	if _, found := r.roles.levels[name]; found || r.roles.levels == nil {
		return nil
	}
	return &RoleError{Name: name, Nearest: Nearest(name, slices.Sorted(maps.Keys(r.roles.levels)), 3)}
}

// missingRoles lists the roles that a row asks for and its user does not have; none where the tenant does not show
// them.
func (r *Run) missingRoles(row Row, u qlik.User) (names []string) {
	if !u.RolesShown && len(u.Roles) == 0 && !r.options.Update.Roles {
		return nil
	}
	for _, name := range r.rolesOf(row) {
		if !slices.ContainsFunc(u.Roles, func(role qlik.Role) bool { return role.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// wantsRoles reports whether lookups ask for the roles of users.
func (r *Run) wantsRoles() bool {
	return r.options.Task == Disable || r.options.Update.any() || r.roles.asked
}

// guardsAdmins reports whether users with an admin role are neither changed nor disabled.
func (r *Run) guardsAdmins() bool {
	return (r.options.Task == Disable || r.options.Update.any()) && !r.options.AllowAdminRoles
}

// hasAdminRole reports whether one of a user's roles is of admin level.
func hasAdminRole(u qlik.User) bool {
	return slices.ContainsFunc(u.Roles, func(role qlik.Role) bool { return strings.EqualFold(role.Level, "admin") })
}

// hidesRoles reports whether it cannot be told that a user has no admin role: the tenant shows nobody's roles, or not
// the levels of this user's.
func (r *Run) hidesRoles(u qlik.User) bool {
	return r.guardsAdmins() && !u.RolesShown && (!r.lookups.rolesShown || len(u.Roles) > 0)
}

// checkRolesShown returns an error where a user would be changed who may be an administrator.
func (r *Run) checkRolesShown() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range r.queue.fresh {
		if j.write.kind == changeWrite && r.hidesRoles(*j.write.user) {
			return fmt.Errorf("%w: the tenant does not show the roles of users with their levels", ErrRolesHidden)
		}
	}
	return nil
}
