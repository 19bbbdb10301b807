listener "web" {
  address = "tcp://:${env.PROT}"
}
