package main
func images(t *target, args []string) result { return result{} }
func pulls(t *target, args []string) result { return result{} }
func seed(t *target, args []string) result { return result{} }
func storm(t *target, args []string) result { return result{} }
func walk(t *target, args []string) result { return result{} }
