# SPDX-License-Identifier: MIT
"""A stand-in for Conan 2: as much of its API as the recipe in packaging/conan uses.

It runs the recipe's methods in Conan's order, and they do real work: they unpack the tarball, run Meson, and install
into a package folder. It has no cache, no profiles, no dependencies and no network: a URL must begin with file://.
What CMakeDeps writes is made from package_info() alone, so a mistake there shows.

create(recipe, version, settings, options, folder) is `conan create`: it also builds and runs the test package.
"""

import glob
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import types


class ConanException(Exception):
    pass


class ConanInvalidConfiguration(ConanException):
    pass


class Values:
    """Settings or options: a value that is not allowed is refused, and so is a name that was removed."""

    def __init__(self, allowed, values):
        self._allowed = allowed
        self._values = {}
        for name, value in values.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif name not in self._allowed or (self._allowed[name] and value not in self._allowed[name]):
            raise ConanException(f"{name} may not be {value}")
        else:
            self._values[name] = value

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._values:
            raise ConanException(f"there is no {name}")
        return self._values[name]

    def rm_safe(self, name):
        self._values.pop(name, None)

    def get_safe(self, name):
        return self._values.get(name)


class Component:
    def __init__(self):
        self.libs, self.requires, self.system_libs, self.properties = [], [], [], {}

    def set_property(self, name, value):
        self.properties[name] = value


class CppInfo(Component):
    def __init__(self):
        super().__init__()
        self.components = _Components()


class _Components(dict):
    def __missing__(self, name):
        self[name] = Component()
        return self[name]


class ConanFile:
    """The base class of recipes."""

    settings, options, default_options, generators = (), {}, {}, ()

    def configure(self):
        pass

    validate = layout = build_requirements = requirements = source = generate = configure

    def tool_requires(self, reference):
        self.tools.append(reference)

    def requires(self, reference):
        self.needed.append(reference)

    def run(self, command, env=None):
        environment = {**os.environ, **(self.run_environment if env == "conanrun" else {})}
        print(f"+ {command}", flush=True)
        if subprocess.run(command, shell=True, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
            raise ConanException(f"failed: {command}")


def get(conanfile, url, sha256, strip_root=False):
    """Unpacks a tarball, whose files all lie in one folder, into the current folder."""
    if not url.startswith("file://"):
        raise ConanException(f"{url}: the stand-in has no network")
    path = url[len("file://") :]
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != sha256:
        raise ConanException(f"{path} has the hash {found}, not {sha256}")
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            top, _, rest = member.name.partition("/")
            member.name = rest if strip_root else member.name
            if member.name:
                archive.extract(member)
    del conanfile


def copy(conanfile, pattern, source, destination):
    """Copies the files of a folder that match."""
    del conanfile
    found = glob.glob(os.path.join(source, pattern))
    for path in found:
        os.makedirs(destination, exist_ok=True)
        shutil.copy(path, destination)
    return found


def load(conanfile, path):
    del conanfile
    with open(path, encoding="utf-8") as file:
        return file.read()


def rm(conanfile, pattern, folder):
    del conanfile
    for path in glob.glob(os.path.join(folder, pattern)):
        os.unlink(path)


def rmdir(conanfile, folder):
    del conanfile
    if os.path.isdir(folder):
        shutil.rmtree(folder)


def basic_layout(conanfile, src_folder="."):
    conanfile.source_folder = os.path.join(conanfile.folder, src_folder)
    conanfile.build_folder = os.path.join(conanfile.folder, "build")
    conanfile.generators_folder = os.path.join(conanfile.build_folder, "conan")


def cmake_layout(conanfile):
    conanfile.build_folder = os.path.join(conanfile.folder, "build")
    conanfile.generators_folder = os.path.join(conanfile.build_folder, "generators")
    conanfile.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir="."))


class MesonToolchain:
    """Writes the file for Meson: the kind of library, and the project's options."""

    BUILD_TYPES = {"Debug": "debug", "Release": "release"}

    def __init__(self, conanfile):
        self.conanfile = conanfile
        self.project_options = {"wrap_mode": "nofallback", "libdir": "lib", "bindir": "bin", "includedir": "include"}

    def generate(self):
        shared = self.conanfile.options.get_safe("shared")
        built_in = {
            "buildtype": self.BUILD_TYPES[self.conanfile.settings.build_type],
            "default_library": "shared" if shared else "static",
        }
        with open(os.path.join(self.conanfile.generators_folder, "native.ini"), "w", encoding="utf-8") as file:
            for title, options in [("built-in options", built_in), ("project options", self.project_options)]:
                file.write(f"[{title}]\n")
                for name, value in options.items():
                    file.write(f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n")


class Meson:
    def __init__(self, conanfile):
        self.conanfile = conanfile

    def configure(self):
        native = os.path.join(self.conanfile.generators_folder, "native.ini")
        folders = f'"{self.conanfile.build_folder}" "{self.conanfile.source_folder}"'
        self.conanfile.run(f'meson setup --prefix=/ --native-file "{native}" {folders}')

    def build(self):
        self.conanfile.run(f'meson compile -C "{self.conanfile.build_folder}"')

    def install(self):
        destination = self.conanfile.package_folder
        self.conanfile.run(f'meson install -C "{self.conanfile.build_folder}" --destdir "{destination}"')


class CMake:
    def __init__(self, conanfile):
        self.conanfile = conanfile

    def configure(self):
        options = f'"-Dcmio_DIR={self.conanfile.generators_folder}" "-DCMAKE_C_FLAGS=-Wall -Werror"'
        self.conanfile.run(f'cmake {options} -S "{self.conanfile.recipe_folder}" -B "{self.conanfile.build_folder}"')

    def build(self):
        self.conanfile.run(f'cmake --build "{self.conanfile.build_folder}"')


def write_cmake_deps(recipe, folder):
    """What CMakeDeps makes of package_info(): an imported target for each component."""
    name = recipe.cpp_info.properties["cmake_file_name"]
    targets = {key: part.properties["cmake_target_name"] for key, part in recipe.cpp_info.components.items()}
    lines = []
    for key, part in recipe.cpp_info.components.items():
        libraries = [f"-l{library}" for library in part.libs] + [targets[other] for other in part.requires]
        libraries += [f"-l{library}" for library in part.system_libs]
        lines += [
            f"add_library({targets[key]} INTERFACE IMPORTED)",
            f"target_include_directories({targets[key]} INTERFACE [[{recipe.package_folder}/include]])",
            f"target_link_directories({targets[key]} INTERFACE [[{recipe.package_folder}/lib]])",
            f"target_link_libraries({targets[key]} INTERFACE {' '.join(libraries)})",
        ]
    with open(os.path.join(folder, f"{name}Config.cmake"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def install_modules():
    """Puts the stand-in where a recipe imports Conan from."""
    parts = {
        "conan": [ConanFile],
        "conan.errors": [ConanException, ConanInvalidConfiguration],
        "conan.tools": [],
        "conan.tools.build": [],
        "conan.tools.cmake": [CMake, cmake_layout],
        "conan.tools.files": [copy, get, load, rm, rmdir],
        "conan.tools.layout": [basic_layout],
        "conan.tools.meson": [Meson, MesonToolchain],
    }
    for name, contents in parts.items():
        sys.modules[name] = types.ModuleType(name)
        for content in contents:
            setattr(sys.modules[name], content.__name__, content)
    sys.modules["conan.tools.build"].can_run = lambda conanfile: True


def read_data(folder):
    """The sources of conandata.yml, which has no other form than that of our template."""
    path = os.path.join(folder, "conandata.yml")
    if not os.path.exists(path):
        return {}
    pattern = r'(?:#.*\n)*sources:\n  "([^"]*)":\n    url: "([^"]*)"\n    sha256: "([^"]*)"\n'
    with open(path, encoding="utf-8") as file:
        found = re.fullmatch(pattern, file.read())
    if not found:
        raise ConanException(f"{path} is not understood")
    return {"sources": {found.group(1): {"url": found.group(2), "sha256": found.group(3)}}}


def load_recipe(recipe_folder, settings, options, folder):
    """The recipe, with its settings and options."""
    path = os.path.join(recipe_folder, "conanfile.py")
    spec = importlib.util.spec_from_file_location("recipe_" + os.path.basename(recipe_folder), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, ConanFile)]
    (found,) = [value for value in classes if value is not ConanFile]
    recipe = found()
    recipe.recipe_folder, recipe.folder, recipe.tools, recipe.needed = recipe_folder, folder, [], []
    recipe.conan_data = read_data(recipe_folder)
    recipe.settings = Values(dict.fromkeys(found.settings), settings)
    recipe.options = Values(found.options, {**found.default_options, **options})
    recipe.cpp_info, recipe.run_environment = CppInfo(), {}
    recipe.package_folder = os.path.join(folder, "package")
    return recipe


def step(recipe, name, folder):
    """Runs a method of the recipe in its folder."""
    os.makedirs(folder, exist_ok=True)
    before = os.getcwd()
    os.chdir(folder)
    try:
        print(f"----- {name}()", flush=True)
        getattr(recipe, name)()
    finally:
        os.chdir(before)


def make_package(recipe):
    for name in ["configure", "validate", "build_requirements", "layout"]:
        step(recipe, name, recipe.folder)
    step(recipe, "source", recipe.source_folder)
    step(recipe, "generate", recipe.generators_folder)
    step(recipe, "build", recipe.build_folder)
    step(recipe, "package", recipe.package_folder)
    step(recipe, "package_info", recipe.folder)


def test_package(recipe, settings, folder):
    tests = load_recipe(os.path.join(recipe.recipe_folder, "test_package"), settings, {}, folder)
    tests.tested_reference_str = f"{recipe.name}/{recipe.version}"
    tests.run_environment = {"LD_LIBRARY_PATH": os.path.join(recipe.package_folder, "lib")}
    for name in ["requirements", "layout"]:
        step(tests, name, folder)
    if tests.needed != [tests.tested_reference_str]:
        raise ConanException(f"the test package needs {tests.needed}")
    os.makedirs(tests.generators_folder, exist_ok=True)
    write_cmake_deps(recipe, tests.generators_folder)
    for name in ["generate", "build", "test"]:
        step(tests, name, tests.build_folder)


def create(recipe_folder, version, settings, options, folder):
    """Builds the package and tests it; returns its folder."""
    install_modules()
    os.makedirs(folder)
    recipe = load_recipe(recipe_folder, settings, options, folder)
    recipe.version = version
    make_package(recipe)
    test_package(recipe, settings, os.path.join(folder, "test"))
    return recipe.package_folder


def main():
    """standin_conan.py RECIPE VERSION FOLDER [NAME=True|False...]"""
    recipe_folder, version, folder, *options = sys.argv[1:]
    settings = {"os": "Linux", "arch": os.uname().machine, "compiler": "gcc", "build_type": "Release"}
    chosen = {name: value == "True" for name, value in (option.split("=") for option in options)}
    try:
        print(create(os.path.abspath(recipe_folder), version, settings, chosen, os.path.abspath(folder)))
    except ConanException as error:
        print(f"conan (stand-in): {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
