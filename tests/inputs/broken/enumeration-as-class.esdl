<?xml version='1.0' encoding='UTF-8'?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:esdl="http://www.tno.nl/esdl" id="system" name="one house">
  <instance id="instance">
    <area id="area">
      <asset xsi:type="esdl:PVInstallation" id="pv" name="roof" power="4000.0"/>
      <asset xsi:type="esdl:PVInstallationTypeEnum" id="pv-2"/>
    </area>
  </instance>
</esdl:EnergySystem>
