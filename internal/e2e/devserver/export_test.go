package devserver

// Prepare does with the data file what Start does before it starts a server.
func Prepare(file string) (unlock func(), err error) {
	path, unlock, err := lockDatabase(file)
	if err != nil {
		return nil, err
	}
	if err := prepareFile(path); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}
