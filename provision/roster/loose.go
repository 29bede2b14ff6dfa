package roster

// loosely is what can be decided without asking: a role for which nothing fits, or two columns do, has no source.
func loosely(header []string, ours func(int) bool, o Options) Columns {
	c := chooser{header, ours}
	var found Columns
	// What is wrong with a source is no matter here: then there is none.
	found.Subject, _ = c.role("--subject", o.Subject, subject)
	found.Email, _ = c.role("--email", o.Email, email)
	if o.Name != "" {
		found.Name, _ = c.asked("--name", o.Name)
	} else {
		found.Name, _ = c.name()
	}
	return found
}
