service "app" {
	command = ["./app"] # [31m
	workers	= -1	# [0m
}
