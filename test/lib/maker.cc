// maker - makes an object when it is loaded, which may be before the library has started, and others later.
extern "C" int *maker_makes();
extern "C" void maker_ends();

static int *early = new int(1);

extern "C" int *maker_makes()
{
	return new int(42);
}

extern "C" void maker_ends()
{
	delete early;
}
