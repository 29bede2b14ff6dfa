package sandbox

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// wireUser is a user as the tenant sends them.
type wireUser struct {
	ID            string     `json:"id,omitempty"`
	TenantID      string     `json:"tenantId,omitempty"`
	Subject       string     `json:"subject,omitempty"`
	Name          string     `json:"name,omitempty"`
	Email         string     `json:"email,omitempty"`
	Status        string     `json:"status,omitempty"`
	AssignedRoles []role     `json:"assignedRoles,omitzero"`
	CreatedAt     string     `json:"createdAt,omitempty"`
	Created       string     `json:"created,omitempty"`
	LastUpdatedAt string     `json:"lastUpdatedAt,omitempty"`
	Links         *userLinks `json:"links,omitempty"`
}

type userLinks struct {
	Self link `json:"self"`
}

type link struct {
	Href string `json:"href"`
}

func newWireUser(c *call, r *record) *wireUser {
	at := r.CreatedAt.UTC().Format(timeFormat)
	roles := r.roles
	if roles == nil {
		roles = []role{}
	}
	return &wireUser{
		ID: r.ID, TenantID: r.TenantID, Subject: r.Subject, Name: r.Name, Email: r.Email, Status: r.Status,
		AssignedRoles: roles, CreatedAt: at, Created: at, LastUpdatedAt: at,
		Links: &userLinks{link{c.href(usersPath + "/" + r.ID)}},
	}
}

// only leaves the fields that a request names.
func (u *wireUser) only(fields map[string]bool) {
	for name, value := range map[string]*string{
		"id": &u.ID, "tenantId": &u.TenantID, "subject": &u.Subject, "name": &u.Name, "email": &u.Email, "status": &u.Status,
		"createdAt": &u.CreatedAt, "created": &u.Created, "lastUpdatedAt": &u.LastUpdatedAt,
	} {
		if !fields[name] {
			*value = ""
		}
	}
	if !fields["assignedRoles"] {
		u.AssignedRoles = nil
	}
	if !fields["links"] {
		u.Links = nil
	}
}
