package provision

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"qlik-provision/provision/qlik"
)

// sortOut records those of the batch whom the lookup found, and returns the others.
func (r *run) sortOut(batch []Row, found qlik.Found) (absent []Row, err error) {
	subjects := make(map[string]qlik.User, len(found.Users))
	emails := map[string][]qlik.User{}
	for _, u := range found.Users {
		subjects[u.Subject] = u
		if key := strings.ToLower(u.Email); r.o.MatchEmail && key != "" {
			emails[key] = append(emails[key], u)
		}
	}
	for _, row := range batch {
		o, settled := r.match(row, subjects, emails)
		if !settled {
			absent = append(absent, row)
			continue
		}
		o.Row = row
		if err := r.note(o); err != nil {
			return nil, err
		}
	}
	return absent, nil
}

// match says what a lookup means for a row; false where it means nothing. A subject's match comes before an address's.
func (r *run) match(row Row, subjects map[string]qlik.User, emails map[string][]qlik.User) (Outcome, bool) {
	if u, there := subjects[row.Subject]; there {
		o := belongs(row, u, true, r.o.Status)
		o.HTTPStatus = http.StatusOK
		return o, true
	}
	if !r.o.MatchEmail {
		return Outcome{}, false
	}
	if row.Email == "" {
		return Outcome{State: Invalid, Message: "no user has this subject, and there is no address to look for them by"}, true
	}
	users := emails[strings.ToLower(row.Email)]
	if len(users) == 0 {
		return Outcome{}, false
	}
	one := max(0, slices.IndexFunc(users, func(u qlik.User) bool { return strings.EqualFold(u.Status, "active") }))
	as := onTenantAs(users[one])
	for i, u := range users {
		if i != one {
			as += "; also as " + strings.TrimPrefix(onTenantAs(u), "on the tenant as ")
		}
	}
	return Outcome{State: Exists, UserID: users[one].ID, HTTPStatus: http.StatusOK, Message: differences(row, users[one], as, r.o.Status)}, true
}

// choose takes the user with this very subject, or else one whose subject differs in case only: that is the one a 409 meant.
func choose(users []qlik.User, subject string) (user qlik.User, exact, there bool) {
	for _, u := range users {
		switch {
		case u.Subject == subject:
			return u, true, true
		case strings.EqualFold(u.Subject, subject) && !there:
			user, there = u, true
		}
	}
	return user, false, there
}

// belongs says whether a user is the row's person.
func belongs(row Row, u qlik.User, exact bool, status string) Outcome {
	if !SamePerson(row, Row{Name: u.Name, Email: u.Email}) {
		return Outcome{
			State: Failed, UserID: u.ID, ErrorCode: OtherPerson,
			Message: fmt.Sprintf("the subject belongs to another person: %s on the tenant, %s in the file", person(u.Name, u.Email), person(row.Name, row.Email)),
		}
	}
	var as string
	if !exact {
		as = onTenantAs(u)
	}
	return Outcome{State: Exists, UserID: u.ID, Message: differences(row, u, as, status)}
}

func person(name, email string) string {
	switch {
	case email == "":
		return name
	case name == "":
		return email
	}
	return name + " <" + email + ">"
}

func onTenantAs(u qlik.User) string {
	as := "on the tenant as " + u.Subject
	if !u.CreatedAt.IsZero() {
		as += ", created " + u.CreatedAt.UTC().Format(time.DateOnly)
	}
	return as
}

// Disabled is how the message of an existing user begins who cannot log in.
const Disabled = "disabled on the tenant"

// differences says where a user's data are not the row's: a disabled user first, then under whose subject, then the rest; "" where nothing differs.
func differences(row Row, u qlik.User, as, status string) string {
	var parts []string
	if strings.EqualFold(u.Status, "disabled") {
		parts = append(parts, Disabled)
	}
	if as != "" {
		parts = append(parts, as)
	}
	for _, field := range []struct{ name, here, there string }{{"name", row.Name, u.Name}, {"email", row.Email, u.Email}} {
		switch {
		case field.here == "" || sameText(field.here, field.there):
		case field.there == "":
			parts = append(parts, "no "+field.name+" there")
		default:
			parts = append(parts, fmt.Sprintf("%s differs: %q there", field.name, field.there))
		}
	}
	if u.Status != "" && !strings.EqualFold(u.Status, status) && !strings.EqualFold(u.Status, "disabled") {
		parts = append(parts, "status there: "+u.Status)
	}
	return strings.Join(parts, "; ")
}
