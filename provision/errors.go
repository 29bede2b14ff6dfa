package provision

import "errors"

// Why a run cannot go on, for errors.Is. The errors of package qlik come beside them: ErrCredentials, ErrNotTenant.
var (
	ErrScope       = errors.New("the client may not write users")
	ErrPatience    = errors.New("no progress")
	ErrUnreachable = errors.New("the tenant does not answer")
	ErrRefusedAll  = errors.New("every write was refused")            // the first 20, all with one code
	ErrUnreadable  = errors.New("the answers cannot be read")         // those to 20 writes in a row
	ErrLookups     = errors.New("the tenant does not answer lookups") // refused all, or out of patience
	ErrRole        = errors.New("no such role")                       // of Options.EveryonesRoles
	ErrRolesHidden = errors.New("the levels of roles could not be determined")
)
