package report

// An Action is what the rows of a file are for, with everything that decides what is sent. Its text stands in the action
// column: create --subject 'Employee ID' --name '{First} {Last}' --email 'Work Email' --status active
type Action struct {
	Command                     string // create or disable
	Subject, Name, Email, Roles string // sources as roster.Options take them; "" for none
	EveryonesRoles              []string
	Update                      []string // name, roles, status
	Where                       []string
	Status                      string // active or invited; "" for disable
}

// String writes the action with one quoting, POSIX's, on every platform.
func (a Action) String() string { panic("not yet") }

// ParseAction reads an action's text with our own splitter; no shell is involved.
func ParseAction(text string) (Action, error) { panic("not yet") }
